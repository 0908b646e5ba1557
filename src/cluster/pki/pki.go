// Package pki makes and keeps the cluster's certificates and keys: a folder under the state folder, all files 0600.
//
// The certificate authority and the key that signs ServiceAccount tokens survive restarts, so that kubeconfigs and
// tokens that somebody holds stay good; the leaf certificates are made anew at each start.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Dir is the folder with the cluster's certificates.
type Dir struct {
	path string
	ca   *x509.Certificate
	key  *ecdsa.PrivateKey
}

const year = 365 * 24 * time.Hour

// Open reads the authority in path, or makes one.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	d := &Dir{path: path}
	certPEM, errCert := os.ReadFile(d.Cert("ca"))
	keyPEM, errKey := os.ReadFile(d.Key("ca"))
	if errCert == nil && errKey == nil {
		return d, d.parse(certPEM, keyPEM)
	}
	key, err := d.newKey("ca")
	if err != nil {
		return nil, err
	}
	template, err := newTemplate(pkix.Name{CommonName: "slipway local cluster"}, 10*year)
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	if d.ca, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	d.key = key
	return d, write(d.Cert("ca"), "CERTIFICATE", der)
}

func (d *Dir) parse(certPEM, keyPEM []byte) error {
	c, _ := pem.Decode(certPEM)
	k, _ := pem.Decode(keyPEM)
	if c == nil || k == nil {
		return fmt.Errorf("`%s` holds no certificate authority in PEM: remove the folder, and a new one is made", d.path)
	}
	var err error
	if d.ca, err = x509.ParseCertificate(c.Bytes); err != nil {
		return fmt.Errorf("`%s`: %w", d.Cert("ca"), err)
	}
	if d.key, err = x509.ParseECPrivateKey(k.Bytes); err != nil {
		return fmt.Errorf("`%s`: %w", d.Key("ca"), err)
	}
	return nil
}

// Cert is the path of the certificate called name.
func (d *Dir) Cert(name string) string { return filepath.Join(d.path, name+".crt") }

// Key is the path of the key called name.
func (d *Dir) Key(name string) string { return filepath.Join(d.path, name+".key") }

// Client makes a client certificate: Kubernetes reads the user from the common name, the groups from organisation.
func (d *Dir) Client(name, user string, groups ...string) error {
	t, err := newTemplate(pkix.Name{CommonName: user, Organization: groups}, year)
	if err != nil {
		return err
	}
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return d.leaf(name, t)
}

// Server makes a serving certificate for the names and addresses.
func (d *Dir) Server(name string, hosts []string) error {
	t, err := newTemplate(pkix.Name{CommonName: name}, year)
	if err != nil {
		return err
	}
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	return d.leaf(name, t)
}

// SigningKey keeps one key pair for ServiceAccount tokens: name.key and name.pub.
func (d *Dir) SigningKey(name string) error {
	if _, err := os.Stat(d.Key(name)); err == nil {
		return nil
	}
	key, err := d.newKey(name)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	return write(filepath.Join(d.path, name+".pub"), "PUBLIC KEY", der)
}

func (d *Dir) leaf(name string, t *x509.Certificate) error {
	key, err := d.newKey(name)
	if err != nil {
		return err
	}
	t.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, t, d.ca, &key.PublicKey, d.key)
	if err != nil {
		return err
	}
	return write(d.Cert(name), "CERTIFICATE", der)
}

func (d *Dir) newKey(name string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, write(d.Key(name), "EC PRIVATE KEY", der)
}

func newTemplate(subject pkix.Name, life time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{SerialNumber: serial, Subject: subject, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(life)}, nil
}

func write(path, kind string, der []byte) error {
	temp := path + ".new"
	if err := os.WriteFile(temp, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// Kubeconfig writes one, 0600, with everything inline: it goes on working wherever it is copied.
func (d *Dir) Kubeconfig(path, server, client string) error {
	data := func(p string) (string, error) {
		b, err := os.ReadFile(p)
		return encode(b), err
	}
	ca, err := data(d.Cert("ca"))
	if err != nil {
		return err
	}
	cert, err := data(d.Cert(client))
	if err != nil {
		return err
	}
	key, err := data(d.Key(client))
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: slipway
  cluster: {server: %q, certificate-authority-data: %s}
users:
- name: slipway
  user: {client-certificate-data: %s, client-key-data: %s}
contexts:
- name: slipway
  context: {cluster: slipway, user: slipway}
current-context: slipway
`, server, ca, cert, key)
	temp := path + ".new"
	if err := os.WriteFile(temp, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
