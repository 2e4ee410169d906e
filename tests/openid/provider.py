"""A little OpenID provider on loopback: discovery, authorization with PKCE, token, user info, end of session."""

import base64
import hashlib
import json
import secrets
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

CLIENT, SECRET = "gridcall", "a-secret-of-the-client"
KEY = "a-key-with-which-the-provider-signs"


class Provider:
    """Who is signed in there, what it says of them, and what clients asked."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.claims: dict[str, Any] = {}
        self.token_claims: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.is_down = False

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/logout",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser goes next, with a code that works once."""
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?code={code}&state={asked['state']}"

    def token(self, given: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """A token for a code, if client, secret and the verifier of the code's challenge are right."""
        asked = self.codes.pop(given.get("code", ""), None)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or asked["code_challenge"] != challenge or given.get("client_secret") != SECRET:
            return 400, {"error": "invalid_grant"}
        claims = {
            "iss": self.issuer, "aud": CLIENT, "exp": int(time.time()) + 60, "sub": self.claims.get("sub"),
            **self.token_claims,
        }  # fmt: skip
        return 200, {"access_token": "t", "token_type": "Bearer", "id_token": jwt.encode(claims, KEY, "HS256")}


class Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if self.provider.is_down:
            self.say(503, {})
        elif address.path == "/.well-known/openid-configuration":
            self.say(200, self.provider.discovery())
        elif address.path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.provider.authorize(_plain(address.query)))
            self.end_headers()
        elif address.path == "/userinfo" and self.headers["Authorization"] == "Bearer t":
            self.say(200, self.provider.claims)
        else:
            self.say(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.say(*self.provider.token(_plain(body)))

    def say(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


def server() -> ThreadingHTTPServer:
    """A server on a free port, with its provider as `RequestHandlerClass.provider`."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {}))
    made.RequestHandlerClass.provider = Provider(made.server_port)  # type: ignore[attr-defined]
    return made


def _plain(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
