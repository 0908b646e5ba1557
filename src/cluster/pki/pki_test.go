package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"testing"
)

func load(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheAuthorityAndTheSigningKeySurviveAndLeavesChainToIt(t *testing.T) {
	path := t.TempDir()
	first, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.SigningKey("sa"); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(first.Key("sa"))
	second, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.SigningKey("sa"); err != nil {
		t.Fatal(err)
	}
	after, _ := os.ReadFile(second.Key("sa"))
	if string(before) != string(after) {
		t.Error("the ServiceAccount key changed: every token given out is void after a restart")
	}
	if err := second.Server("api", []string{"127.0.0.1", "kubernetes.default.svc"}); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(load(t, first.Cert("ca")))
	leaf := load(t, second.Cert("api"))
	for _, host := range []string{"127.0.0.1", "kubernetes.default.svc"} {
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: "elsewhere"}); err == nil {
		t.Error("the certificate is good for a host that nobody named")
	}
	if _, err := tls.LoadX509KeyPair(second.Cert("api"), second.Key("api")); err != nil {
		t.Error(err)
	}
}

func TestKeysAndKubeconfigsAreForTheOwnerOnly(t *testing.T) {
	path := t.TempDir()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Client("admin", "admin", "system:masters"); err != nil {
		t.Fatal(err)
	}
	if err := d.Kubeconfig(path+"/kubeconfig", "https://127.0.0.1:1", "admin"); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{d.Key("ca"), d.Key("admin"), path + "/kubeconfig"} {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v, expected 0600", f, info.Mode().Perm())
		}
	}
}
