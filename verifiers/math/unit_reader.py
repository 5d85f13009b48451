"""Tokens that end an item as its unit: `5 \\text{ cm}^2`, `9.8 m/s^2`, `125 miles per hour`, `24\\ \\Omega`."""

from __future__ import annotations

from reasonrl.verifiers.math.lexer import Reader, Token, Unreadable
from reasonrl.verifiers.math.nodes import Node, symbols
from reasonrl.verifiers.math.notation import PLAIN_FUNCTIONS, UNIT_COMMANDS, UNIT_TEXT, UNIT_WORDS
from reasonrl.verifiers.math.units import read_unit
from reasonrl.verifiers.math.words import read_tail


class UnitReader(Reader):
    """A place in a list of tokens from which a unit can be read."""

    def is_name(self, token: Token) -> bool:
        return token.kind == "word" and (token.text in PLAIN_FUNCTIONS or token.text in ("sqrt", "infinity"))

    def at_unit(self) -> bool:
        """Whether words stand here that end the item: "5 \\text{ cm}^2", "125 miles per hour"."""
        token = self.peek()
        if token.kind == "text":
            return token.text.strip(" ,.").lower() not in ("and", "or", "to")
        if token.kind != "word":
            return False
        if token.text.lower() in ("and", "or", "to") or self.is_name(token) or token.text in ("pi", "log"):
            return False
        return len(token.text) > 3 or (token.text.lower() in UNIT_WORDS and len(token.text) > 1)

    def at_symbols(self, left: Node) -> bool:
        """Whether a unit of single letters stands here: "9.8 m/s^2", "24\\ \\Omega", "4 \\mu\\text{m}"."""
        token = self.peek()
        if not (token.kind == "word" or (token.kind == "command" and token.text in UNIT_COMMANDS)) or symbols(left):
            return False
        name, _ = self.unit_text()
        return (token.kind == "command" or "/" in name) and read_unit(name) is not None

    def unit_text(self) -> tuple[str, int]:
        """The words and signs from here on that can be a unit, and where they end."""
        parts: list[str] = []
        position, braces = self.position, 0
        while position < len(self.tokens):
            kind, text, _ = self.tokens[position]
            if kind == "text" or (kind == "word" and text.lower() not in ("and", "or")):
                parts.append(text.strip())
            elif kind == "command" and text in UNIT_COMMANDS:
                parts.append(UNIT_COMMANDS[text])
            elif kind == "number" and parts[-1:] == ["^"]:
                parts[-1] = f"^{text}"
            elif kind == "operator" and text == "-" and parts[-1:] == ["^"]:
                position += 1
                parts[-1] = f"^-{self.tokens[position].text if position < len(self.tokens) else ''}"
            elif kind == "operator" and text == "{" and (parts[-1:] == ["^"] or self.group_ahead(position)):
                braces += 1
            elif kind == "operator" and text == "}" and braces:
                braces -= 1
            elif kind == "operator" and text in "/-.^" and parts:
                parts.append(text)
            else:
                break
            position += 1
        return " ".join(parts).replace(" - ", "-").replace("u ", "u" if parts[:1] == ["u"] else "u "), position

    def group_ahead(self, position: int) -> bool:
        """Whether braces around nothing but a word stand there: `\\text{m}^{2}` has others."""
        following = [token.kind for token in self.tokens[position + 1 : position + 2]]
        return following == ["word"]

    def unit(self, *, quoted: bool) -> str:
        name, end = self.unit_text()
        if self.peek().kind == "text" and not UNIT_TEXT.match(self.peek().text):
            raise Unreadable
        if end == self.position or read_tail(name, quoted=quoted) is None:
            raise Unreadable
        self.position = end
        return name
