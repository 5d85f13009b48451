"""Judges of logic, each usable alone.

formulas    propositional formulas and entailment by bitset truth tables
proofs      natural deduction: lines that cite a rule and earlier lines
resolution  refutations: clauses that cite two earlier ones, down to the empty clause
ontology    chains of modus ponens in the language of ProntoQA
calculation the first wrong step of a calculation in words
knights     knights and knaves in the language of the published puzzles
assignment  grid and zebra puzzles in a small language of constraints
first_order first-order entailment: true, false or uncertain, by z3 in a process of its own (extra `z3`)
"""

from reasonrl.verifiers.logic.assignment import verify_assignment
from reasonrl.verifiers.logic.first_order import entails_first_order, verify_first_order
from reasonrl.verifiers.logic.formulas import Formula, entails, format_formula, parse_formula
from reasonrl.verifiers.logic.knights import verify_knights
from reasonrl.verifiers.logic.ontology import verify_chain
from reasonrl.verifiers.logic.proofs import (
    RULES,
    ProofLine,
    check_proof_line,
    parse_proof_line,
    shortest_proof,
    verify_proof,
)
from reasonrl.verifiers.logic.resolution import verify_resolution

__all__ = [
    "RULES",
    "Formula",
    "ProofLine",
    "check_proof_line",
    "entails",
    "entails_first_order",
    "format_formula",
    "parse_formula",
    "parse_proof_line",
    "shortest_proof",
    "verify_assignment",
    "verify_chain",
    "verify_first_order",
    "verify_knights",
    "verify_proof",
    "verify_resolution",
]
