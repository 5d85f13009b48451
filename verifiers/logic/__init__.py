"""Judges of propositional logic: `formulas` reads, prints and tabulates them, `proofs` checks and finds proof lines."""

from reasonrl.verifiers.logic.formulas import Formula, entails, format_formula, parse_formula
from reasonrl.verifiers.logic.proofs import RULES, ProofLine, check_proof_line, parse_proof_line, shortest_proof

__all__ = [
    "RULES",
    "Formula",
    "ProofLine",
    "check_proof_line",
    "entails",
    "format_formula",
    "parse_formula",
    "parse_proof_line",
    "shortest_proof",
]
