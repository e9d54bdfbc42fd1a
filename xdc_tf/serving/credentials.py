"""Who a client is and whom it trusts: TLS with the system's or own certificates, and a token from the environment."""

import dataclasses
import os
import ssl
import urllib.parse
from collections.abc import Mapping

TOKEN_VARIABLE = 'XDC_SERVING_TOKEN'
LOOPBACK = ('localhost', '127.0.0.1', '::1')


@dataclasses.dataclass(frozen=True)
class Credentials:
  """What a connection to a server needs beside its address.

  Attributes:
    ca_file: PEM file of the authorities whose servers are trusted; '': those of the system.
    certificate_file: PEM file of the client's own certificate (mutual TLS); '': none.
    key_file: its private key; '': it is in `certificate_file`.
    token: sent as 'Authorization: Bearer TOKEN'; '': none. No message, log or repr shows it.
  """

  ca_file: str = ''
  certificate_file: str = ''
  key_file: str = ''
  token: str = dataclasses.field(default='', repr=False)

  def __post_init__(self):
    """Refuses what could not be sent, without showing it.

    Raises:
      ValueError: for a token of other characters than visible ASCII, or a key without its certificate.
    """
    if not all('!' <= character <= '~' for character in self.token):
      raise ValueError(
        f'The token in {TOKEN_VARIABLE} may hold visible ASCII characters only: no spaces, no line ends.'
      )
    if self.key_file and not self.certificate_file:
      raise ValueError('A --key_file is of no use without the --certificate_file that it belongs to.')

  def check_url(self, url: str) -> None:
    """Refuses to send secrets where others can read them.

    Raises:
      ValueError: for a token on an unencrypted way to another machine, certificates for an unencrypted address, and a URL with a
        user's name or password in it, which messages would show.
    """
    parts = urllib.parse.urlsplit(url)
    if '@' in parts.netloc:
      raise ValueError(
        f'The URL of a server cannot hold a user or a password. Put a token into the variable {TOKEN_VARIABLE}.'
      )
    if parts.scheme in ('https', 'grpcs'):
      return
    if self.token and parts.hostname not in LOOPBACK:
      raise ValueError(
        f'{parts.scheme}://{parts.hostname} is not encrypted, so the token in {TOKEN_VARIABLE} is not sent there. Use https:// or '
        f'grpcs://, or unset {TOKEN_VARIABLE}.'
      )
    if self.ca_file or self.certificate_file:
      raise ValueError(f'Certificates are for https:// and grpcs://. Received: {url!r}.')

  def headers(self) -> dict[str, str]:
    """Returns what is sent with each request: {} or {'authorization': ...}."""
    return {'authorization': f'Bearer {self.token}'} if self.token else {}

  def hidden(self, text: str) -> str:
    """Returns a text without the token: servers like to repeat what they got."""
    return text.replace(self.token, '(token)') if self.token else text

  def ssl_context(self) -> ssl.SSLContext:
    """Returns what Python's standard library wants.

    Raises:
      ValueError: when a file cannot be read or is no PEM of what it should be.
    """
    try:
      context = ssl.create_default_context(cafile=self.ca_file or None)
    except (OSError, ssl.SSLError) as error:
      raise ValueError(f'--ca_file {self.ca_file}: expected certificates in a PEM file. {error}') from error
    if self.certificate_file:
      try:
        # An encrypted key would ask at the terminal, which a job does not have.
        context.load_cert_chain(self.certificate_file, self.key_file or None, password=_refuse_password)
      except (OSError, ssl.SSLError) as error:
        files = ' and '.join(path for path in (self.certificate_file, self.key_file) if path)
        raise ValueError(f'{files}: expected a certificate and its unencrypted private key as PEM. {error}') from error
    return context

  def pem(self) -> dict[str, bytes | None]:
    """Returns the arguments of grpc.ssl_channel_credentials; errors as `ssl_context`.

    gRPC has authorities of its own and would not trust those that a company puts into its systems: so the system's are read.
    """
    trusted = [ssl.DER_cert_to_PEM_cert(der) for der in self.ssl_context().get_ca_certs(binary_form=True)]
    certificate = _read(self.certificate_file)
    return {
      'root_certificates': ''.join(trusted).encode() or None,
      'certificate_chain': certificate,
      'private_key': _read(self.key_file) or certificate,
    }


def from_environment(
  ca_file: str = '', certificate_file: str = '', key_file: str = '', environment: Mapping[str, str] = os.environ
) -> Credentials:
  """Returns credentials with the token of the variable XDC_SERVING_TOKEN; a line end after it is none of it."""
  return Credentials(ca_file, certificate_file, key_file, environment.get(TOKEN_VARIABLE, '').strip())


def _read(path: str) -> bytes | None:
  if not path:
    return None
  with open(path, 'rb') as file:
    return file.read()


def _refuse_password() -> str:
  raise OSError('The private key is encrypted.')
