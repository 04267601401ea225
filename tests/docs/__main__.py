"""``python -m tests.docs``: writes the pages that are made, and what the commands on the others write."""

from tests import pages
from tests.docs import write

write()
pages.main()
