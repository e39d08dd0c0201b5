"""Keys and certificates for tests, made by openssl's own program."""
import pathlib
import subprocess


def openssl(*arguments, **options):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60,
                   **options)


class Authority:
    """A certificate authority in a folder of its own; `certificate` is what its verifiers trust."""

    def __init__(self, folder, name="authority"):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.certificate = self.folder / "ca.crt"
        self._key = self.folder / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self._key, "-out", self.certificate, "-days", "30", "-subj", f"/CN={name}")

    def expired(self):
        """Its own certificate, of yesterday: same key, same name, out of date."""
        certificate = self.folder / "expired.crt"
        openssl("x509", "-in", self.certificate, "-signkey", self._key, "-days", "-1", "-out", certificate)
        return certificate

    def issue(self, name, names, usage="serverAuth", days=30):
        """(certificate, key) for `names`, such as "DNS:db-1,IP:127.0.0.1"; days -1: it ran out yesterday."""
        key, request = self.folder / f"{name}.key", self.folder / f"{name}.csr"
        certificate, extensions = self.folder / f"{name}.crt", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                "-out", request, "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key,
                "-CAcreateserial", "-out", certificate, "-days", days, "-extfile", extensions)
        return certificate, key
