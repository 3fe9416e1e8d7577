"""The plug-in under CPython, without a server: `sh test.sh`."""

import unittest
from unittest.mock import patch

import plugin
from wit_world.imports.types import Field, Outcome_Unclaimed, Request, Requirement_Secret

TOKEN_ENDPOINT = "https://server.example/oauth2/token"


def request(*keys):
    headers = [Field("x-api-key", key) for key in keys]
    return Request(TOKEN_ENDPOINT, "https://server.example", TOKEN_ENDPOINT, [], headers, 1_700_000_000_000)


def judge(*keys):
    return plugin.ClientAuthenticator().authenticate([], request(*keys))


class PluginTest(unittest.TestCase):
    def test_a_key_names_its_client_on_the_condition_that_it_is_the_secret(self):
        vouched = judge("pump-7:drip:drop").value
        self.assertEqual(vouched.client.id, "pump-7")
        self.assertEqual([c.requirement for c in vouched.conditions], [Requirement_Secret("drip:drop")])
        self.assertEqual(plugin.ClientAuthenticator().client_id(request("pump-7:drip")), "pump-7")

    def test_what_is_malformed_is_rejected_and_never_shown(self):
        for key in ["drip", ":drip", "pump-7:", ""]:
            rejection = judge(key).value
            self.assertEqual(rejection.reason, "malformed-key")
            self.assertNotIn("drip", str(rejection))
        self.assertEqual(judge("pump-7:drip", "pump-8:drip").value.reason, "repeated-header")

    def test_another_request_is_not_claimed(self):
        self.assertEqual(judge(), Outcome_Unclaimed())
        self.assertFalse(plugin.ClientAuthenticator().can_authenticate([], request()))

    def test_a_property_is_a_mistake(self):
        check = plugin.ClientAuthenticator().check_config
        self.assertEqual(check([]), [])
        self.assertEqual(check([Field("Mode", "strict")])[0].property, "Mode")

    def test_what_is_raised_is_in_the_log(self):
        with patch.object(plugin.log, "emit") as emit, self.assertRaises(AttributeError):
            plugin.ClientAuthenticator().authenticate([], None)
        self.assertIn("AttributeError", emit.call_args.args[1])


if __name__ == "__main__":
    unittest.main()
