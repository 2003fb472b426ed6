"""A replica: what becomes of its worker, and what the gateway hears of it."""

ECHO = "def init():\n    print('init')\ndef run(data):\n    return data[::-1]\n"


def test_a_script_is_served(replica):
    """What run returns comes back as JSON, and the worker says what it is."""
    gateway = replica.start(ECHO)
    assert gateway.call(b"abc")[:2] == (200, b'"cba"')
    assert gateway.ready.input == "text"
    assert gateway.ready.framework.startswith("script on Python 3.")
    assert gateway.events() == ["started"]
    assert replica.end() == 0
    assert gateway.events()[-1] == "draining"
