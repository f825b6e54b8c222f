"""TLS of the http request plane, from the same files as on the tcp plane."""

import ssl

from dynamo.config.plan import TlsPlan


def server_context(tls: TlsPlan) -> ssl.SSLContext | None:
    """Return how the worker's listener speaks TLS; None without a certificate.

    Raises:
        OSError: a file cannot be read, or holds no certificate or key.
    """
    if tls.cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls.client_ca_cert)
    context.load_cert_chain(tls.cert, tls.key)
    if tls.client_ca_cert is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(tls: TlsPlan) -> ssl.SSLContext:
    """Return how a client checks workers, and what it shows them.

    Raises:
        OSError: a file cannot be read, or holds no certificate or key.
    """
    context = ssl.create_default_context(cafile=tls.ca_cert)
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.client_cert is not None:
        context.load_cert_chain(tls.client_cert, tls.client_key)
    return context
