"""TLS and tokens of `xdc client`, with certificates that the tests make, servers of this process, and both protocols."""

import contextlib
import datetime
import http.server
import ipaddress
import logging
import pathlib
import ssl
import threading

import grpc
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from serving_in_process import grpc_server, rest_server

from xdc_tf.serving import client, credentials
from xdc_tf.serving.credentials import Credentials
from xdc_tf.serving.retries import Retries, ServerError

TOKEN = 'visible-to-nobody.4711'


class Servable:
  """A model that counts its clips."""

  signature_defs = {}

  def run(self, signature, inputs):
    return {'embedding': np.full([len(next(iter(inputs.values()))), 1], 0.5, np.float32)}


def _pem(path, *things) -> str:
  path.write_bytes(b''.join(thing for thing in things))
  return str(path)


def _certificate(name, issuer=None):
  """Returns a certificate and its key; without an issuer (both of it) it is an authority.

  It has all that RFC 5280 asks for, which Python 3.13 and later insist on.
  """
  key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.timezone.utc)
  subject, signing_key = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]), issuer[1] if issuer else key
  uses = dict.fromkeys(
    ('content_commitment', 'key_encipherment', 'data_encipherment', 'key_agreement', 'encipher_only', 'decipher_only'),
    False,
  )
  uses |= {'digital_signature': True, 'key_cert_sign': issuer is None, 'crl_sign': issuer is None}
  builder = (
    x509.CertificateBuilder(subject_name=subject, issuer_name=issuer[0].subject if issuer else subject)
    .public_key(key.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now - datetime.timedelta(days=1))
    .not_valid_after(now + datetime.timedelta(days=1))
    .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    .add_extension(x509.KeyUsage(**uses), critical=True)
    .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]), critical=False)
  )
  return builder.sign(signing_key, hashes.SHA256()), key


def _encoded(certificate_and_key) -> tuple[bytes, bytes]:
  certificate, key = certificate_and_key
  form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
  return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(*form)


@pytest.fixture(scope='module')
def pems(tmp_path_factory):
  """PEM files by name: an authority, another one, and the server's and the client's certificates and keys."""
  folder = tmp_path_factory.mktemp('pems')
  authority, other = _certificate('authority'), _certificate('other')
  files = {
    'authority': _pem(folder / 'authority.pem', _encoded(authority)[0]),
    'other': _pem(folder / 'other.pem', _encoded(other)[0]),
  }
  for name in ('server', 'client'):
    certificate, key = _encoded(_certificate(name, authority))
    files |= {name: _pem(folder / f'{name}.pem', certificate), f'{name} key': _pem(folder / f'{name}.key', key)}
    files[f'{name} both'] = _pem(folder / f'{name}_both.pem', key, certificate)
  return files


@contextlib.contextmanager
def served(protocol, pems, headers, asks_for_certificate=False):
  """A server with TLS at 127.0.0.1."""
  servables = {'xdc_video': Servable()}
  if protocol == 'rest':
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pems['server'], pems['server key'])
    if asks_for_certificate:
      context.load_verify_locations(pems['authority'])
      context.verify_mode = ssl.CERT_REQUIRED
    with rest_server(servables, [(200, {'predictions': [{'embedding': [0.5]}]})], context, headers) as (url, asked):
      yield url, asked
    return
  key, certificate, authority = (
    pathlib.Path(pems[name]).read_bytes() for name in ('server key', 'server', 'authority')
  )
  tls = grpc.ssl_server_credentials(
    [(key, certificate)], authority if asks_for_certificate else None, asks_for_certificate
  )
  with grpc_server(servables, tls=tls, headers=headers) as (url, asked):
    yield url, asked


def predict(url, identity, retries=0):
  connection = client.connect(url, 'xdc_video', 10.0, identity)
  try:
    batch = np.array([[b'jpeg']], object)
    return Retries(retries).call(lambda: connection.predict('embed', 'jpegs', batch, ['embedding']))['embedding']
  finally:
    connection.close()


@pytest.mark.stack
@pytest.mark.parametrize('protocol', ['rest', 'grpc'])
def test_own_authorities_and_a_token(protocol, pems):
  headers = []
  with served(protocol, pems, headers) as (url, _):
    assert url.startswith('https://' if protocol == 'rest' else 'grpcs://')
    assert predict(url, Credentials(pems['authority'], token=TOKEN)).tolist() == [[0.5]]
  assert headers == [f'Bearer {TOKEN}']


@pytest.mark.stack
@pytest.mark.parametrize('protocol', ['rest', 'grpc'])
@pytest.mark.parametrize('trusted', ['other', ''])
def test_a_server_that_nobody_vouches_for_gets_nothing_and_is_not_asked_again(protocol, trusted, pems):
  headers = []
  with (
    served(protocol, pems, headers) as (url, _),
    pytest.raises(ServerError, match=r'(?i)certificate.verify.failed') as raised,
  ):
    predict(url, Credentials(pems.get(trusted, ''), token=TOKEN), retries=3)
  assert headers == [] and 'tried' not in str(raised.value)


@pytest.mark.parametrize('protocol', ['rest', 'grpc'])
@pytest.mark.parametrize(('certificate', 'key'), [('client', 'client key'), ('client both', '')])
def test_the_clients_own_certificate(protocol, certificate, key, pems):
  with served(protocol, pems, [], asks_for_certificate=True) as (url, _):
    own = Credentials(pems['authority'], pems[certificate], pems.get(key, ''))
    assert predict(url, own).tolist() == [[0.5]]


def test_the_systems_authorities_are_those_of_grpc_too(pems, monkeypatch):
  monkeypatch.setenv('SSL_CERT_FILE', pems['authority'])
  assert Credentials().pem()['root_certificates'].decode() == pathlib.Path(pems['authority']).read_text()
  with served('grpc', pems, []) as (url, _):
    assert predict(url, Credentials()).tolist() == [[0.5]]


def test_the_token_stands_nowhere(pems, caplog):
  caplog.set_level(logging.DEBUG)
  identity = credentials.from_environment(environment={'XDC_SERVING_TOKEN': f'{TOKEN}\n'})
  assert identity.token == TOKEN and TOKEN not in repr(identity)
  echo = (401, {'error': f'Bearer {TOKEN} is not known'})
  for failure in (echo, (200, f'no JSON: {TOKEN}'.encode())):
    with rest_server({}, [failure]) as (url, _), pytest.raises(ServerError) as raised:
      predict(url, identity)
    assert '(token)' in str(raised.value) and TOKEN not in str(raised.value)
  assert TOKEN not in caplog.text
  for wrong in ('two words', 'two\nlines', 'ümlaut'):
    with pytest.raises(ValueError, match='visible ASCII') as refused:
      credentials.from_environment(environment={'XDC_SERVING_TOKEN': wrong})
    assert wrong not in str(refused.value)


def test_the_token_does_not_follow_a_redirection(pems):
  headers = []
  with rest_server({'xdc_video': Servable()}, [(200, {})], headers=headers) as (other, _):

    class Elsewhere(http.server.BaseHTTPRequestHandler):
      def do_GET(self):
        headers.append(self.headers.get('Authorization'))
        self.send_response(302)
        self.send_header('Location', f'{other}/v1/models/xdc_video/metadata')
        self.end_headers()

      def log_message(self, *_):
        pass

    with http.server.HTTPServer(('127.0.0.1', 0), Elsewhere) as server:
      threading.Thread(target=server.handle_request, daemon=True).start()
      connection = client.connect(f'http://127.0.0.1:{server.server_port}', 'xdc_video', 10.0, Credentials(token=TOKEN))
      with pytest.raises(ServerError):
        connection.signatures()
  assert headers == [f'Bearer {TOKEN}', None]


@pytest.mark.parametrize('url', ['http://example.org:8501', 'grpc://example.org:8500', 'http://10.0.0.1:8501'])
def test_a_token_is_not_sent_in_the_open(url):
  with pytest.raises(ValueError, match='is not encrypted, so the token in XDC_SERVING_TOKEN is not sent'):
    client.connect(url, 'xdc_video', credentials=Credentials(token=TOKEN))


def test_what_does_not_go_together_is_refused(pems, tmp_path):
  secret = 'https://me:secret@example.org'
  with pytest.raises(ValueError, match='cannot hold a user or a password') as raised:
    client.connect(secret, 'xdc_video')
  assert 'secret' not in str(raised.value)
  with pytest.raises(ValueError, match='Certificates are for https:// and grpcs://'):
    client.connect('http://localhost:8501', 'xdc_video', credentials=Credentials(pems['authority']))
  with pytest.raises(ValueError, match='--certificate_file that it belongs to'):
    Credentials(key_file=pems['client key'])
  nothing = _pem(tmp_path / 'nothing.pem', b'nothing')
  for scheme in ('https', 'grpcs'):
    with pytest.raises(ValueError, match=r'--ca_file .*nothing\.pem: expected certificates in a PEM file'):
      client.connect(f'{scheme}://localhost:443', 'xdc_video', credentials=Credentials(nothing))
    with pytest.raises(ValueError, match=r'nothing\.pem: expected a certificate and its unencrypted private key'):
      client.connect(f'{scheme}://localhost:443', 'xdc_video', credentials=Credentials('', nothing))
