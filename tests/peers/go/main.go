// A judge in Go over gmsm: certificates, revocation lists, seal signatures and signed data made by this project.
//
// Standard input is a JSON array of questions, standard output one of answers in the same order. Structures are
// decoded by encoding/asn1 into the types below, which state them anew from the standards, and encoded again.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"os"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

var userID = []byte("1234567812345678")

type question struct {
	Ask          string    `json:"ask"`
	Certificates [][]byte  `json:"certificates"` // leaf first, root last
	Data         []byte    `json:"data"`
	Message      []byte    `json:"message"`
	At           time.Time `json:"at"`
}

type answer struct {
	Refused string         `json:"refused"`
	Facts   map[string]any `json:"facts"`
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := make([]answer, 0, len(questions))
	for _, each := range questions {
		facts, err := judge(each)
		given := answer{Facts: facts}
		if err != nil {
			given.Refused = err.Error()
		}
		answers = append(answers, given)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func judge(asked question) (map[string]any, error) {
	switch asked.Ask {
	case "path":
		return judgePath(asked)
	case "crl":
		return judgeList(asked)
	case "seal signature":
		return judgeSealSignature(asked)
	case "signed data":
		return judgeSignedData(asked)
	case "enveloped key":
		return judgeEnvelopedKey(asked)
	case "png":
		image, err := png.Decode(bytes.NewReader(asked.Data))
		if err != nil {
			return nil, err
		}
		return map[string]any{"width": image.Bounds().Dx(), "height": image.Bounds().Dy()}, nil
	}
	return nil, fmt.Errorf("no question %q", asked.Ask)
}

// judgeEnvelopedKey opens an SM2EnvelopedKey with the recipient's scalar (message), and envelopes a new key to the same
// recipient.
func judgeEnvelopedKey(asked question) (map[string]any, error) {
	recipient, err := sm2.NewPrivateKey(asked.Message)
	if err != nil {
		return nil, err
	}
	opened, err := sm2.ParseEnvelopedPrivateKey(recipient, asked.Data)
	if err != nil {
		return nil, err
	}
	own, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	made, err := sm2.MarshalEnvelopedPrivateKey(rand.Reader, &recipient.PublicKey, own)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"x":     fmt.Sprintf("%064x", opened.X),
		"y":     fmt.Sprintf("%064x", opened.Y),
		"made":  made,
		"madeX": fmt.Sprintf("%064x", own.X),
	}, nil
}

func judgePath(asked question) (map[string]any, error) {
	roots, between := smx509.NewCertPool(), smx509.NewCertPool()
	var leaf *smx509.Certificate
	for index, encoded := range asked.Certificates {
		certificate, err := smx509.ParseCertificate(encoded)
		if err != nil {
			return nil, err
		}
		switch index {
		case 0:
			leaf = certificate
		case len(asked.Certificates) - 1:
			roots.AddCert(certificate)
		default:
			between.AddCert(certificate)
		}
	}
	if leaf == nil {
		return nil, errors.New("no certificate")
	}
	_, err := leaf.Verify(smx509.VerifyOptions{
		Roots:         roots,
		Intermediates: between,
		CurrentTime:   asked.At,
		KeyUsages:     []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny},
	})
	return map[string]any{
		"serial":    leaf.SerialNumber.String(),
		"subject":   leaf.Subject.CommonName,
		"notAfter":  leaf.NotAfter,
		"isCA":      leaf.IsCA,
		"unhandled": len(leaf.UnhandledCriticalExtensions),
		"points":    leaf.CRLDistributionPoints,
		"keyUsage":  int(leaf.KeyUsage),
	}, err
}

func judgeList(asked question) (map[string]any, error) {
	list, err := smx509.ParseDERCRL(asked.Data)
	if err != nil {
		return nil, err
	}
	issuer, err := smx509.ParseCertificate(asked.Certificates[0])
	if err != nil {
		return nil, err
	}
	serials := []string{}
	for _, entry := range list.TBSCertList.RevokedCertificates {
		serials = append(serials, entry.SerialNumber.String())
	}
	facts := map[string]any{"revoked": serials, "expired": list.HasExpired(asked.At)}
	return facts, issuer.CheckCRLSignature(list)
}

// GB/T 38540-2020, seal and seal signature; GM/T 0031-2025 has the same without its optional time stamps.
type seal struct {
	Info      sealInfo
	Cert      []byte
	Algorithm asn1.ObjectIdentifier
	Signature asn1.BitString
}

type sealInfo struct {
	Raw      asn1.RawContent
	Header   header
	ID       string `asn1:"ia5"`
	Property property
	Picture  picture
}

type header struct {
	ID      string `asn1:"ia5"`
	Version int
	Vendor  string `asn1:"ia5"`
}

type property struct {
	Type         int
	Name         string `asn1:"utf8"`
	CertListType int
	CertList     [][]byte
	Created      time.Time `asn1:"generalized"`
	From         time.Time `asn1:"generalized"`
	To           time.Time `asn1:"generalized"`
}

type picture struct {
	Type   string `asn1:"ia5"`
	Data   []byte
	Width  int
	Height int
}

type toSign struct {
	Raw          asn1.RawContent
	Version      int
	Seal         seal
	Time         time.Time `asn1:"generalized"`
	DataHash     asn1.BitString
	PropertyInfo string `asn1:"ia5"`
}

type sealSignature struct {
	ToSign    toSign
	Cert      []byte
	Algorithm asn1.ObjectIdentifier
	Signature asn1.BitString
}

func judgeSealSignature(asked question) (map[string]any, error) {
	var value sealSignature
	if err := decode(asked.Data, &value); err != nil {
		return nil, err
	}
	made := value.ToSign.Seal
	hash := sm3.Sum(asked.Message)
	facts := map[string]any{
		"version":   value.ToSign.Version,
		"name":      made.Info.Property.Name,
		"id":        made.Info.ID,
		"time":      value.ToSign.Time,
		"path":      value.ToSign.PropertyInfo,
		"sameBytes": encodesTo(value, asked.Data),
	}
	if !bytes.Equal(value.ToSign.DataHash.RightAlign(), hash[:]) {
		return facts, errors.New("dataHash is not that of the original")
	}
	if err := check(value.Cert, value.ToSign.Raw, value.Signature.RightAlign()); err != nil {
		return facts, fmt.Errorf("seal signature: %w", err)
	}
	if err := check(made.Cert, made.Info.Raw, made.Signature.RightAlign()); err != nil {
		return facts, fmt.Errorf("seal: %w", err)
	}
	for _, listed := range made.Info.Property.CertList {
		if bytes.Equal(listed, value.Cert) {
			return facts, nil
		}
	}
	return facts, errors.New("the signer is not in the seal's list")
}

// GB/T 35275-2017.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content signedData `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version      int
	Digests      []algorithm `asn1:"set"`
	Inner        inner
	Certificates asn1.RawValue `asn1:"tag:0"`
	Signers      []signer      `asn1:"set"`
}

type algorithm struct {
	ID asn1.ObjectIdentifier
}

type inner struct {
	Type    asn1.ObjectIdentifier
	Content []byte `asn1:"explicit,optional,tag:0"`
}

type signer struct {
	Version    int
	Issuer     issuer
	Digest     algorithm
	Attributes asn1.RawValue `asn1:"optional,tag:0"`
	Encryption algorithm
	Signature  []byte
}

type issuer struct {
	Name   asn1.RawValue
	Serial asn1.RawValue
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

func judgeSignedData(asked question) (map[string]any, error) {
	var value contentInfo
	if err := decode(asked.Data, &value); err != nil {
		return nil, err
	}
	facts := map[string]any{"type": value.Type.String()}
	one, digest := value.Content.Signers[0], sm3.Sum(asked.Message)
	facts["attributes"] = len(one.Attributes.FullBytes) > 0
	signed := value.Content.Inner.Content
	if len(one.Attributes.FullBytes) > 0 {
		// What is signed is the attributes as a SET.
		signed = append([]byte{0x31}, one.Attributes.FullBytes[1:]...)
		stated, err := messageDigest(signed)
		if err != nil {
			return facts, err
		}
		if !bytes.Equal(stated, digest[:]) {
			return facts, errors.New("messageDigest is not that of the original")
		}
	} else if !bytes.Equal(signed, digest[:]) {
		return facts, errors.New("the content is not the digest of the original")
	}
	certificate, err := smx509.ParseCertificate(value.Content.Certificates.Bytes)
	if err != nil {
		return facts, err
	}
	if !bytes.Equal(certificate.RawIssuer, one.Issuer.Name.FullBytes) {
		return facts, errors.New("the signer info names another issuer")
	}
	return facts, check(certificate.Raw, signed, one.Signature)
}

func messageDigest(set []byte) ([]byte, error) {
	var attributes []attribute
	if rest, err := asn1.UnmarshalWithParams(set, &attributes, "set"); err != nil || len(rest) > 0 {
		return nil, errors.New("attributes do not decode")
	}
	for _, each := range attributes {
		if each.Type.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}) && len(each.Values) == 1 {
			return each.Values[0].Bytes, nil
		}
	}
	return nil, errors.New("no messageDigest")
}

func decode(data []byte, target any) error {
	rest, err := asn1.Unmarshal(data, target)
	if err == nil && len(rest) > 0 {
		err = errors.New("octets after the value")
	}
	return err
}

// encodesTo drops the octets kept of the parts, so that all of the value is encoded anew.
func encodesTo(value sealSignature, wanted []byte) bool {
	value.ToSign.Raw, value.ToSign.Seal.Info.Raw = nil, nil
	encoded, err := asn1.Marshal(value)
	return err == nil && bytes.Equal(encoded, wanted)
}

func check(certificate, message, signature []byte) error {
	parsed, err := smx509.ParseCertificate(certificate)
	if err != nil {
		return err
	}
	key, ok := parsed.PublicKey.(*ecdsa.PublicKey)
	if !ok || !sm2.VerifyASN1WithSM2(key, userID, message, signature) {
		return errors.New("the signature does not hold")
	}
	return nil
}
