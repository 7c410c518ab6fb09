#!/usr/bin/env bash
# Makes the certificates that the benchmarks verify: a TPM's, three authorities above it and a root.
# The chain has the maximum length and the slowest algorithms. No one has the keys: the script
# deletes them when it ends.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

readonly DAYS=36500

# issue NAME CURVE ISSUER EXTENSIONS
issue() {
	local name=$1 curve=$2 issuer=$3 extensions=$4
	openssl ecparam -genkey -noout -name "$curve" -out "$work/$name.key"
	openssl req -new -sha512 -key "$work/$name.key" -subj "/CN=hccs benchmarks $name" -out "$work/$name.csr"
	local signer=(-CA "$issuer.der" -CAform DER -CAkey "$work/$issuer.key" -set_serial 1)
	[ "$name" != "$issuer" ] || signer=(-signkey "$work/$name.key")
	openssl x509 -req -sha512 -in "$work/$name.csr" "${signer[@]}" -days $DAYS -outform DER -out "$name.der" \
		-extfile <(printf '%s\n' "$extensions") 2>/dev/null
}

authority=$'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign'
issue root secp521r1 root "$authority"
issue first secp521r1 root "$authority"
issue second secp521r1 first "$authority"
issue third secp521r1 second "$authority"
issue ek prime256v1 third $'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyAgreement\nextendedKeyUsage=2.23.133.8.1'
