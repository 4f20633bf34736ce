"""The template harmony: what conversations that were marked by hand do not show."""

from marked_conversations import joined, runs

from corpuskit.chat.opening import open_template
from corpuskit.chat.records import conversation_of

TEMPLATE = open_template("harmony")


def pieces(*messages, **options):
    said = [{"role": role, "content": content} for role, content in messages]
    return joined(TEMPLATE.pieces(conversation_of({"messages": said}), **options))


def test_a_system_beside_a_developer_is_written_instead_of_the_usual():
    found = pieces(("system", "I am X."), ("developer", "Be kind."), ("user", "Hi"))
    assert found == runs(
        "«start»system«message»I am X.«end»«start»developer«message»# Instructions\n\nBe kind.«end»"
        "«start»user«message»Hi«end»"
    )


def test_a_system_that_speaks_later_is_a_developer_there():
    found = pieces(("user", "Hi"), ("system", "Be kind."), ("assistant", "Hello"))
    assert found[4:] == runs(
        "«end»«start»user«message»Hi«end»«start»developer«message»# Instructions\n\nBe kind.«end»"
        "«start»assistant⟦«channel»final«message»Hello«return»⟧"
    )


def test_a_user_with_a_name_has_it_in_the_role():
    record = {"messages": [{"role": "user", "name": "ann", "content": "Hi"}]}
    assert (b"user:ann", False, False) in joined(TEMPLATE.pieces(conversation_of(record)))


def test_an_answer_that_is_not_learned_ends_with_end():
    last = pieces(("user", "Hi"), ("assistant", "Hello"), train_on="all")[-1]
    assert last == (b"<|return|>", True, True)
    record = {"messages": [{"role": "assistant", "content": "x", "weight": 0}]}
    assert joined(TEMPLATE.pieces(conversation_of(record)))[-1] == (b"<|end|>", True, False)


def test_the_header_after_a_call_is_given_to_the_model():
    calls = [{"function": {"name": name, "arguments": {}}} for name in ("f", "functions.g")]
    record = {"messages": [{"role": "assistant", "content": "", "tool_calls": calls}]}
    assert joined(TEMPLATE.pieces(conversation_of(record)))[4:] == runs(
        "«end»«start»assistant⟦ to=functions.f«channel»commentary «constrain»json«message»{}«call»⟧"
        "«start»assistant⟦ to=functions.g«channel»commentary «constrain»json«message»{}«call»⟧"
    )
