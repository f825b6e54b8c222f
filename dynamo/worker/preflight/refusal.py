"""Why a server cannot be used: which setting says so, and what would be right."""

import ssl
from dataclasses import dataclass

ABOUT_THE_CLIENT = ("CERTIFICATE", "ALERT_UNKNOWN_CA", "HANDSHAKE_FAILURE")
"""What a server says when it does not take a client's certificate."""
STEP_SECONDS = 1.0
"""Longest wait for one step of a conversation; a server that is silent ends it."""


@dataclass
class RefusedError(Exception):
    """A server that was asked and does not do."""

    path: str
    """The setting to look at."""
    text: str
    allowed: str = ""


@dataclass(frozen=True)
class TlsFiles:
    """PEM files for a conversation, and the settings that name them."""

    authority: str | None
    certificate: str | None
    key: str | None
    authority_setting: str
    certificate_setting: str

    def context(self) -> ssl.SSLContext:
        """Return how to check the server, and what to show it.

        Raises:
            RefusedError: a file cannot be read, or does not hold what it should.
        """
        try:
            context = ssl.create_default_context(cafile=self.authority)
        except OSError as error:
            raise RefusedError(self.authority_setting, f"cannot be used: {error}") from error
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, self.key)
            except OSError as error:
                raise RefusedError(self.certificate_setting, f"cannot be used: {error}") from error
        return context

    def explain(self, error: ssl.SSLError) -> RefusedError:
        """Return what a handshake that failed says about these files."""
        if isinstance(error, ssl.SSLCertVerificationError):
            text = f"did not sign the server's certificate: {error.verify_message}"
            allowed = "the authority that signed it, for that host"
            return RefusedError(self.authority_setting, text, allowed)
        if any(alert in str(error) for alert in ABOUT_THE_CLIENT):
            text = "is not accepted by the server"
            return RefusedError(self.certificate_setting, text, "a certificate that it trusts")
        return RefusedError(self.authority_setting, f"does not lead to TLS: {error.reason}")
