"""Limits → closed forms with sympy: expressions, their substitution step by step, LaTeX."""

from tuplecalc.algebra.explanation import Explanation, explain
from tuplecalc.algebra.forms import ChainForm, Form, LimitForms, Step, Term
from tuplecalc.algebra.rows import SymbolRow

__all__ = ["ChainForm", "Explanation", "Form", "LimitForms", "Step", "SymbolRow", "Term", "explain"]
