"""A bounded recursive-descent parser: the tokens of one answer to a syntax tree, or None.

    items     item ((',' | ';' | 'and' | 'or') item)*           two or more make a list
    item      ratio (relation ratio)*                           a chain: "a < x < b", "x = 3"
    ratio     union (':' union)*
    union     sum (('\\cup' | '\\setminus') sum)*
    sum       term (('+' | '-' | '\\pm') term)*
    term      factor (('*' | '/' | nothing) factor)*
    factor    '-'* primary ('^' exponent | '!' | '%' | degrees)*

Words that are no names end an item as its unit or stand before a '=' as its name; anywhere else they make the text
unreadable. What asks for work instead of stating a value (sums, integrals, limits, derivatives) is unreadable too.
"""

from __future__ import annotations

import functools
from fractions import Fraction

from reasonrl.verifiers.math.lexer import Token, Unreadable, tokenize
from reasonrl.verifiers.math.nodes import INFINITY, PI, SETS, Node, num, too_deep
from reasonrl.verifiers.math.notation import (
    ALIASES,
    FORBIDDEN,
    FUNCTIONS,
    GREEK,
    NO_FACTOR,
    NO_NAMES,
    PLAIN_FUNCTIONS,
    RELATIONS,
    repeating,
)
from reasonrl.verifiers.math.unit_reader import UnitReader
from reasonrl.verifiers.math.words import read_tail

MAX_DEPTH = 40
MAX_LEVELS = 100
"""Levels of the tree, which long products also have."""
MAX_ITEMS = 60
MAX_SYMBOLS = 12
MAX_ENTRIES = 64
"""Entries of a matrix."""


def parse(text: str) -> Node | None:
    """The tree of an answer, or None when it is unreadable or out of bounds. Cached: golds come again and again.

    >>> parse("x = 3/2")
    Node(op='rel', args=(('=',), (Node(op='sym', args=('x',)), Node(op='div', args=(Node(op='num', ...
    """
    return _parse(text) if len(text) <= 300 else _parse.__wrapped__(text)


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> Node | None:
    tokens = tokenize(text)
    if not tokens:
        return None
    parser = _Parser(tokens)
    try:
        node = parser.items(0)
        if parser.position != len(tokens) or len(parser.names) > MAX_SYMBOLS or too_deep(node, MAX_LEVELS):
            return None
    except (Unreadable, RecursionError):
        return None
    return node


class _Parser(UnitReader):
    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        self.names: set[str] = set()
        self.bars = 0
        """Open absolute values: inside one, a bar closes it."""

    def items(self, depth: int) -> Node:
        """One item, or a list of them."""
        found = [self.item(depth)]
        while not self.done and self.separator():
            if len(found) >= MAX_ITEMS:
                raise Unreadable
            found.append(self.item(depth))
        return found[0] if len(found) == 1 else Node("list", tuple(found))

    def separator(self) -> bool:
        start = self.position
        self.take(",", ";")
        token = self.peek()
        word = token.text.strip(" ,").lower()
        if token.kind in ("word", "text") and word in ("and", "or"):
            self.position += 1
        return self.position > start

    def item(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise Unreadable
        self.leading_words()
        members, operators = [self.ratio(depth)], []
        while not self.done:
            token = self.peek()
            relation = RELATIONS.get(token.text) if token.kind in ("operator", "command") else None
            if relation is None:
                break
            self.position += 1
            if relation in "<>" and self.take("="):
                relation += "="
            operators.append(relation)
            members.append(self.ratio(depth))
        if self.take("MODULO", kind="command"):
            inner = Node("rel", (tuple(operators), tuple(members))) if operators else members[0]
            return Node("mod", (inner, self.primary(depth + 1)))
        if not operators:
            return members[0]
        if "in" in operators:
            if operators != ["in"] or members[1].op not in SETS:
                raise Unreadable
            return Node("member", (members[0], members[1]))
        return Node("rel", (tuple(operators), tuple(members)))

    def leading_words(self) -> None:
        """Skips words before a '=': "Area = 5"."""
        start = self.position
        while self.peek().kind == "text" or (self.peek().kind == "word" and len(self.peek().text) > 3):
            if self.is_name(self.peek()) or not self.peek().text.isascii():
                break
            self.position += 1
        if self.position > start:
            words = " ".join(token.text for token in self.tokens[start : self.position]).lower().split()
            if not self.take("="):
                self.position = start
            elif self.peek().kind == "end" or not NO_NAMES.isdisjoint(words):  # "Twice = 42"
                raise Unreadable

    def ratio(self, depth: int) -> Node:
        parts = [self.union(depth)]
        while not self.done and (self.take(":") or self.take("to", kind="word") or self.at_to()):
            parts.append(self.union(depth))
        if len(parts) == 1:
            return parts[0]
        last = parts[-1]
        if last.op == "unit" and len(parts) < 4:  # 2:30 pm
            return Node("unit", (Node("ratio", (*parts[:-1], last.args[0])), last.args[1]))
        return Node("ratio", tuple(parts))

    def at_to(self) -> bool:
        if self.peek().kind == "text" and self.peek().text.strip() == "to":
            self.position += 1
            return True
        return False

    def union(self, depth: int) -> Node:
        left = self.sum(depth)
        while not self.done:
            token = self.peek()
            if self.take("cup", kind="command") or (
                token.kind == "word" and token.text == "U" and left.op in ("interval", "tuple", "union")
                and self.take("U", kind="word")
            ):  # fmt: skip
                left = Node("union", (left, self.sum(depth)))
            elif self.take("setminus", "backslash", kind="command"):
                left = Node("without", (left, self.sum(depth)))
            else:
                break
        return left

    def sum(self, depth: int) -> Node:
        parts = [self.term(depth + 1)]
        while not self.done:
            if self.take("+"):
                parts.append(self.term(depth + 1))
            elif self.take("-"):
                parts.append(Node("neg", (self.term(depth + 1),)))
            elif self.at("pm", "mp", kind="command"):
                op = self.peek().text
                self.position += 1
                left = parts[0] if len(parts) == 1 else Node("add", tuple(parts))
                parts = [Node(op, (left, self.term(depth + 1)))]
            else:
                break
        return parts[0] if len(parts) == 1 else Node("add", tuple(parts))

    def term(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise Unreadable
        if self.take("-"):
            return Node("neg", (self.term(depth + 1),))
        if self.take("+"):
            return self.term(depth + 1)
        if self.at("pm", "mp", kind="command"):
            op = self.peek().text
            self.position += 1
            return Node(op, (num(0), self.term(depth + 1)))
        left = self.mixed(depth)
        while not self.done:
            if self.take("*") or self.take("cdot", "times", "ast", kind="command"):
                left = Node("mul", (left, self.signed(depth)))
            elif self.take("/") or self.take("div", kind="command"):
                left = Node("div", (left, self.signed(depth)))
            elif left.op == "unit" and self.peek().kind == "number":
                left = self.compound(left, depth)
            elif self.at_symbols(left):
                left = Node("unit", (left, self.unit(quoted=True)))
            elif self.starts_factor(left):
                left = Node("mul", (left, self.factor(depth)))
            elif self.at_unit():
                left = Node("unit", (left, self.unit(quoted=self.peek().kind == "text")))
            else:
                break
        return left

    def signed(self, depth: int) -> Node:
        return Node("neg", (self.factor(depth),)) if self.take("-") else self.factor(depth)

    def mixed(self, depth: int) -> Node:
        """A factor; a whole number before a fraction of numbers smaller than one is a mixed number."""
        token, following = self.peek(), self.peek(1)
        if token.kind == "number" and token.text.isdigit():
            start = self.position
            if following == ("command", "frac", following.spaced):
                self.position += 1
                fraction = self.primary(depth + 1)
                value = _proper(fraction)
                if value is not None and not self.at("^", "!"):
                    return self.postfix(num(int(token.text) + value), depth)
                self.position = start
            elif (
                following.kind == "number" and following.spaced and following.text.isdigit()
                and self.peek(2)[:2] == ("operator", "/") and self.peek(3).kind == "number"
                and self.peek(3).text.isdigit() and 0 < int(following.text) < int(self.peek(3).text)
            ):  # fmt: skip
                self.position += 4
                value = Fraction(int(following.text), int(self.peek(-1).text))
                return self.postfix(num(int(token.text) + value), depth)
        return self.factor(depth)

    def starts_factor(self, left: Node) -> bool:
        token = self.peek()
        if left.op == "unit":  # not "3 apples 10"
            return False
        if token.kind == "number":
            return left.op != "num"  # not "2 3"
        if token.kind == "word":
            return not self.at_unit() and token.text.lower() not in ("and", "or") and token.text != "U"
        if token.kind == "command":
            if token.text in RELATIONS or token.text in NO_FACTOR:
                return False
            return not self.at_unit()
        if token.kind == "set":
            return False
        return token.kind == "operator" and (token.text == "(" or token.text == "{" or
                                             (token.text == "[" and left.op != "num") or
                                             (token.text == "|" and self.bars == 0))  # fmt: skip

    def compound(self, left: Node, depth: int) -> Node:
        """Two parts of one quantity: 3 h 20 min, 5 ft 3 in."""
        value = self.mixed(depth)
        quoted = self.peek().kind == "text"
        if not self.at_unit() or value.op != "num" or left.args[0].op != "num":
            raise Unreadable
        large, small = (read_tail(name, quoted=True) for name in (left.args[1], self.unit(quoted=quoted)))
        if large is None or small is None or large.unit is None or small.unit is None:
            raise Unreadable
        if large.unit.powers != small.unit.powers or large.unit.scale <= small.unit.scale:
            raise Unreadable
        total = left.args[0].args[0] + value.args[0] * small.unit.scale / large.unit.scale
        return Node("unit", (num(total), left.args[1]))

    def factor(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise Unreadable
        return self.postfix(self.primary(depth + 1), depth)

    def postfix(self, base: Node, depth: int) -> Node:
        """Powers, factorials, percent and degree signs behind a value."""
        while not self.done:
            if self.take("^"):
                base = Node("pow", (base, self.exponent(depth + 1)))
            elif self.at("!") and self.peek(1)[:2] != ("operator", "="):
                self.position += 1
                base = Node("fact", (base,))
            elif self.take("%"):
                base = Node("percent", (base,))
            elif self.take("DEG", kind="command"):
                letter = self.peek()
                if letter.kind in ("text", "word") and letter.text.strip() in ("C", "F"):
                    self.position += 1
                    return Node("unit", (base, f"°{letter.text.strip()}"))
                base = Node("deg", (base,))
            elif self.at("_") and base.op == "num":
                self.position += 1
                base = self.based(base)
            else:
                break
        return base

    def based(self, digits: Node) -> Node:
        base = self.argument(0, whole=True)
        previous = digits.args[0]
        if base.op == "unit" or base.op != "num" or not 2 <= base.args[0] <= 36 or base.args[0].denominator != 1:
            raise Unreadable
        return Node("based", (str(previous), str(base.args[0])))

    def exponent(self, depth: int) -> Node:
        if self.take("-"):
            return Node("neg", (self.exponent(depth + 1),))
        if self.take("'"):
            raise Unreadable
        if self.at("{"):
            return self.argument(depth)
        token = self.peek()
        if token.kind in ("number", "word", "command") or self.at("("):
            if token.kind == "word" and len(token.text) > 1 and token.text != "pi":
                return self.argument(depth)
            base = self.primary(depth + 1)
            return Node("pow", (base, self.exponent(depth + 1))) if self.take("^") else base
        raise Unreadable

    def argument(self, depth: int, *, whole: bool = False) -> Node:
        """A braced group, or one digit, letter or command (`\\frac12`); `whole`: or a whole number."""
        if depth > MAX_DEPTH:
            raise Unreadable
        if self.take("{"):
            node = self.items(depth + 1)
            self.expect("}")
            return node
        token = self.peek()
        if token.kind in ("number", "word") and len(token.text) > 1 and not whole:
            first, rest = token.text[0], token.text[1:]
            if not first.isalnum() or rest.startswith("."):
                raise Unreadable
            self.tokens[self.position] = Token(token.kind, rest)
            return num(int(first)) if token.kind == "number" else self.letter(first)
        if token.kind in ("number", "word", "command"):
            return self.primary(depth + 1)
        raise Unreadable

    def primary(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise Unreadable
        token = self.peek()
        self.position += 1
        match token.kind:
            case "number":
                return num(Fraction(token.text.rstrip(".") if not token.text.startswith(".") else "0" + token.text))
            case "repeating":
                return num(repeating(token.text))
            case "word":
                return self.word(token, depth)
            case "command":
                return self.command(token.text, depth)
            case "set":
                return self.braces(token, depth)
            case "operator":
                return self.bracket(token.text, depth)
        raise Unreadable

    def word(self, token: Token, depth: int) -> Node:
        text = token.text
        if text == "sqrt":
            return self.root(depth)
        if text == "pi":
            return PI
        if text in ("infinity", "inf", "oo"):
            return INFINITY
        if text in PLAIN_FUNCTIONS or text == "log":
            return self.function(text, depth)
        if len(text) == 1:
            return self.letter(text)
        if len(text) <= 3 and text.lower() not in ("and", "or", "no", "not"):
            self.tokens[self.position - 1] = Token("word", text[0], token.spaced)
            self.tokens[self.position : self.position] = [Token("word", letter) for letter in text[1:]]
            return self.letter(text[0])
        raise Unreadable

    def letter(self, name: str) -> Node:
        if name in ("i", "e") and not self.at("_"):
            return Node("const", (name,))
        if self.at("_"):
            self.position += 1
            name = f"{name}_{self.subscript()}"
        while self.take("'"):
            name += "'"
        self.names.add(name)
        return Node("sym", (name,))

    def subscript(self) -> str:
        token = self.peek()
        if token.kind in ("number", "word", "command", "text"):
            self.position += 1
            if token.kind in ("number", "word") and len(token.text) > 1:
                self.tokens[self.position - 1 : self.position] = [
                    Token(token.kind, token.text[0]),
                    Token(token.kind, token.text[1:]),
                ]
                return token.text[0]
            return token.text.strip()
        self.expect("{")
        parts: list[str] = []
        while not self.take("}"):
            if self.peek().kind == "end" or len(parts) > 12 or self.at("{"):
                raise Unreadable
            parts.append(self.peek().text.strip())
            self.position += 1
        return "".join(parts)

    def command(self, name: str, depth: int) -> Node:
        match name:
            case "frac":
                return Node("div", (self.argument(depth), self.argument(depth)))
            case "sqrt":
                return self.root(depth)
            case "binom":
                return Node("binom", (self.argument(depth), self.argument(depth)))
            case "pi":
                return PI
            case "infty" | "infinity":
                return INFINITY
            case "REALS":
                return Node("reals")
            case "emptyset" | "varnothing":
                return Node("empty")
            case "MATRIX":
                return self.matrix(depth)
            case "lfloor":
                return self.closed("floor", "rfloor", depth)
            case "lceil":
                return self.closed("ceil", "rceil", depth)
            case "langle":
                inner = self.items(depth + 1)
                self.expect("rangle", kind="command")
                return Node("tuple", inner.args if inner.op == "list" else (inner,))
            case "log":
                return self.function("log", depth)
            case "imath":
                return Node("const", ("i",))
        if name in FUNCTIONS:
            return self.function(name, depth)
        if name in FORBIDDEN or name in RELATIONS:
            raise Unreadable
        if self.at("{") and name not in GREEK:
            raise Unreadable  # a command that takes arguments and is not known here
        return self.letter(f"\\{name}")

    def closed(self, name: str, end: str, depth: int) -> Node:
        inner = self.sum(depth + 1)
        self.expect(end, kind="command")
        return Node("func", (name, inner))

    def root(self, depth: int) -> Node:
        index = num(2)
        if self.take("["):
            index = self.sum(depth + 1)
            self.expect("]")
        if self.at("("):
            self.position += 1
            body = self.sum(depth + 1)
            self.expect(")")
        else:
            body = self.argument(depth, whole=True)
        return Node("pow", (body, Node("div", (num(1), index))))

    def function(self, name: str, depth: int) -> Node:
        name = ALIASES.get(name, name)
        base: Node | None = None
        power: Node | None = None
        if self.take("_"):
            base = self.argument(depth, whole=True)
        if self.take("^"):
            power = self.exponent(depth)
        if self.at("("):
            self.position += 1
            inner = self.items(depth + 1)
            self.expect(")")
        elif self.at("{"):
            inner = self.argument(depth)
        elif self.take("-"):
            inner = Node("neg", (self.factor(depth),))
        else:
            inner = self.factor(depth)
            while self.starts_factor(inner) and self.peek().kind in ("word", "command", "number") and (
                self.peek().text not in FUNCTIONS and self.peek().text != "log"
            ):  # fmt: skip
                inner = Node("mul", (inner, self.factor(depth)))
        if inner.op == "list" and name not in ("gcd", "lcm", "min", "max"):
            raise Unreadable
        if inner.op == "deg":
            inner = Node("div", (Node("mul", (inner.args[0], PI)), num(180)))
        if power is not None and power == Node("neg", (num(1),)):
            if name not in ("sin", "cos", "tan", "cot", "sec", "csc"):
                raise Unreadable
            name, power = f"arc{name}", None
        if name == "exp":
            node = Node("pow", (Node("const", ("e",)), inner))
        elif name == "log" and base is not None:
            node = Node("log", (base, inner))
        elif base is not None:
            raise Unreadable
        elif name == "lg":
            node = Node("log", (num(10), inner))
        else:
            node = Node("func", (name, inner))
        return node if power is None else Node("pow", (node, power))

    def braces(self, token: Token, depth: int) -> Node:
        if token.text != "{":
            raise Unreadable
        if self.take("}", kind="set"):
            return Node("empty")
        bars, self.bars = self.bars, 1  # a bar is "such that"
        inner = self.items(depth + 1)
        self.bars = bars
        if self.take("|"):
            condition = self.items(depth + 1)
            self.expect("}", kind="set")
            return condition
        self.expect("}", kind="set")
        if inner.op == "rel":
            first, *rest = inner.args[1]
            if first.op == "ratio" and len(first.args) == 2:  # {x : x > 3}
                return Node("rel", (inner.args[0], (first.args[1], *rest)))
        if inner.op in ("rel", "member"):
            return inner
        return Node("set", inner.args if inner.op == "list" else (inner,))

    def bracket(self, text: str, depth: int) -> Node:
        match text:
            case "{":
                inner = self.items(depth + 1)
                self.expect("}")
                return inner
            case "(" | "[":
                bars, self.bars = self.bars, 0
                inner = self.items(depth + 1)
                self.bars = bars
                closed = self.at("]")
                if not self.take(")", "]"):
                    raise Unreadable
                if inner.op == "list":
                    if (text == "[" or closed) and len(inner.args) == 2:
                        return Node("interval", (*inner.args, text == "[", closed))
                    if (text == "[") != closed:
                        raise Unreadable
                    return Node("tuple", inner.args)
                if (text == "[") != closed:
                    raise Unreadable
                return inner
            case "|":
                self.bars += 1
                inner = self.sum(depth + 1)
                self.expect("|")
                self.bars -= 1
                return Node("func", ("abs", inner))
        raise Unreadable

    def matrix(self, depth: int) -> Node:
        rows: list[list[Node]] = [[]]
        while True:
            rows[-1].append(self.item(depth + 1))
            if sum(map(len, rows)) > MAX_ENTRIES:
                raise Unreadable
            if self.take("&"):
                continue
            ended = False
            while self.peek().kind == "break":
                self.position += 1
                ended = True
            if self.take("ENDMATRIX", kind="command"):
                break
            if not ended:
                raise Unreadable
            rows.append([])
        if len({len(row) for row in rows}) != 1:
            raise Unreadable
        return Node("matrix", (tuple(tuple(row) for row in rows),))


def _proper(node: Node) -> Fraction | None:
    """The value of a fraction of two integers between 0 and 1."""
    if node.op == "div" and all(part.op == "num" and part.args[0].denominator == 1 for part in node.args):
        top, bottom = (part.args[0] for part in node.args)
        if 0 < top < bottom:
            return Fraction(top, bottom)
    return None
