// A token for {{client}}, with a fresh assertion for each request.
// go get github.com/golang-jwt/jwt/v5 github.com/google/uuid{{run}}
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

func main() {
	clientID := {{client}}
	file, err := os.ReadFile({{key}})
	if err != nil {
		log.Fatal(err)
	}
	block, _ := pem.Decode(file)
	if block == nil {
		log.Fatal("the key is no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	token := jwt.NewWithClaims(jwt.GetSigningMethod({{alg}}), jwt.MapClaims{
		"iss": clientID,
		"sub": clientID,
		"aud": {{audience}},
		"iat": time.Now().Unix(),
		"exp": time.Now().Add({{lifetime}} * time.Second).Unix(),
		"jti": uuid.NewString(),
	}){{kid}}
	assertion, err := token.SignedString(key)
	if err != nil {
		log.Fatal(err)
	}
	response, err := http.PostForm({{token_endpoint}}, url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(body))
}
