"""Painless as a grammar for lark (LALR, contextual lexer), after PainlessParser.g4 and PainlessLexer.g4.

Lambdas, casts and references to methods are known by their first token, so that one token of lookahead is enough. The
lexer adds the semicolon that Painless lets the last statement of a script leave away (see ``LastSemicolon``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from lark import Lark, Token
from lark.lark import PostLex

GRAMMAR = r"""
script: _statements
_statements: (_closed | _open _SEMICOLON)* _open?
_closed: if_ | while_ | for_ | each | try_ | function
_open: declare | do_ | return_ | throw | break_ | continue_ | expression
block: "{" _statements "}"
_trailer: block | _closed | _open _SEMICOLON

if_: "if" "(" expr ")" trailer ["else" trailer]
trailer: _trailer
while_: "while" "(" expr ")" loop
loop: _trailer | _SEMICOLON
for_: "for" "(" [start] _SEMICOLON [expr] _SEMICOLON [expr] ")" loop
start: declare | expression
each: "for" "(" [type] NAME _IN_OR_COLON expr ")" trailer
try_: "try" block catch+
catch: "catch" "(" type NAME ")" block
function: type NAME "(" [type NAME ("," type NAME)*] ")" block
do_: "do" block "while" "(" expr ")"
declare: type variable ("," variable)*
variable: NAME ["=" expr]
return_: "return" [expr]
throw: "throw" expr
break_: "break"
continue_: "continue"
expression: expr
type: NAME | ARRAY | DEF

?expr: choice | elvis | assign | _or
choice: _or "?" expr ":" expr
elvis: _or "?:" expr
assign: _or (ASSIGN | "=") expr
_or: or_ | _and
or_: _or "||" _and
_and: and_ | _bits
and_: _and "&&" _bits
_bits: bits | _equal
bits: _bits BITS _equal
_equal: equal | _instance
equal: _equal EQUAL _instance
_instance: instance | _compare
instance: _instance "instanceof" type
_compare: compare | _shift
compare: _compare COMPARE _shift
_shift: shift | _find
shift: _shift SHIFT _find
_find: find | _sum
find: _find FIND _sum
_sum: sum | _product
sum: _sum SUM _product
_product: product | _unary
product: _product PRODUCT _unary
_unary: before | sign | _tight
before: STEP _chain
sign: SUM _unary
_tight: after | not_ | cast | _chain
after: _chain STEP
not_: NOT _unary
cast: CAST _unary

_chain: primary | field | item | call
field: _chain DOT MEMBER
call: _chain DOT MEMBER arguments
item: _chain BRACKET expr "]"
arguments: "(" [argument ("," argument)*] ")"
?argument: expr | lambda | FUNCREF -> reference
lambda: LAMBDA (expr | block)
?primary: "(" expr ")"
    | NUMBER -> number
    | STRING -> text
    | REGEX -> regex
    | "true" -> true
    | "false" -> false
    | "null" -> null
    | "[" "]" -> items
    | "[" expr ("," expr)* "]" -> items
    | "[" ":" "]" -> entries
    | "[" entry ("," entry)* "]" -> entries
    | NAME -> name
    | NAME arguments -> local
    | "new" NAME arguments -> new
    | "new" ARRAY_OF -> array
entry: expr ":" expr

_SEMICOLON: ";"
BRACKET: "["
_IN_OR_COLON: ":" | /in\b/
DEF: /(def|boolean|byte|short|char|int|long|float|double)\b/
DOT: "?." | "."
MEMBER: /[_a-zA-Z][_a-zA-Z0-9]*|0|[1-9][0-9]*/
ASSIGN: "+=" | "-=" | "*=" | "/=" | "%=" | "&=" | "^=" | "|=" | "<<=" | ">>=" | ">>>="
BITS: /[&^|](?![&|=])/
EQUAL: "===" | "!==" | "==" | "!="
COMPARE: "<=" | ">=" | "<" | ">"
SHIFT: ">>>" | "<<" | ">>"
FIND: "==~" | "=~"
SUM: /\+(?![+=])|-(?![-=>])/
PRODUCT: /[*%](?!=)|\/(?![=\/*])/
STEP: "++" | "--"
NOT: /!(?!=)|~/
NUMBER: /0[xX][0-9a-fA-F]+[lL]?|0[0-7]+[lL]?|(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?[lLfFdD]?/
STRING: /"(\\"|\\\\|[^\\"])*"|'(\\'|\\\\|[^\\'])*'/
REGEX: /\/(?![*\/])(\\[^\n]|[^\\\/\n])+\/[cilmsUux]*/
ARRAY.3: /[_a-zA-Z][_a-zA-Z0-9.]*(\s*\[\s*\])+(?=\s*[_a-zA-Z)])/
ARRAY_OF.3: /[_a-zA-Z][_a-zA-Z0-9.]*\s*\[[^;]*/
CAST.3: /\(\s*(def|boolean|byte|short|char|int|long|float|double|[A-Z][A-Za-z0-9]*(?=\s*\)\s*[\w('"!~\[]))\s*\)/
LAMBDA.4: /([_a-zA-Z]\w*|\(\s*([_a-zA-Z][\w\s]*(,\s*[_a-zA-Z][\w\s]*)*)?\))\s*->/
FUNCREF.4: /[_a-zA-Z][\w.]*(\[\])*::[_a-zA-Z]\w*/
NAME: /(?!(?:WORDS)\b)[_a-zA-Z][_a-zA-Z0-9]*/
%ignore /\s+/
%ignore /\/\/[^\n]*/
%ignore /\/\*(.|\n)*?\*\//
"""


_RESERVED = """if else while do for in continue break return new try catch throw this instanceof null true false def boolean byte
short char int long float double"""


class LastSemicolon(PostLex):
    """Adds the semicolon after the last statement of a script."""

    always_accept = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens, and one more where the script does not end with ``;`` or ``}``."""
        last = None
        for last in stream:
            yield last
        if last is not None and last.type not in ("_SEMICOLON", "RBRACE"):
            end = last.end_pos
            yield Token("_SEMICOLON", "", end, last.end_line, last.end_column, last.end_line, last.end_column, end)


@cache
def parser() -> Lark:
    """The parser, made when the first script is read."""
    grammar = GRAMMAR.replace("WORDS", "|".join(_RESERVED.split()))
    return Lark(
        grammar, start="script", parser="lalr", lexer="contextual", postlex=LastSemicolon(), propagate_positions=True
    )
