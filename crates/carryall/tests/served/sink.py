"""A mail server of the test's own: STARTTLS and a password, as a provider wants them.

usage: sink.py CERTIFICATE KEY FOLDER. Prints its port, and keeps each letter as a file in FOLDER.
"""

import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    async def handle_DATA(self, server, session, envelope):
        number = len(list(self.folder.glob("*.eml")))
        (self.folder / "coming").write_bytes(envelope.content)
        (self.folder / "coming").rename(self.folder / f"{number}.eml")
        return "250 taken"


def knows(server, session, envelope, mechanism, login):
    return AuthResult(success=(login.login, login.password) == (b"export@example.com", b"a secret of the mail's"))


async def main():
    certificate, key, folder = sys.argv[1:]
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)

    def connected():
        return SMTP(Keeper(folder), hostname="sink", tls_context=tls, require_starttls=True, auth_required=True, authenticator=knows)

    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
