#!/usr/bin/env bash
# Lays out the files of the image below ROOT: the binary, what it loads, and what those read.
#
#   docker/tree.sh BINARY ROOT
set -euo pipefail
umask 022
binary="$1" root="$2"

mkdir -p "$root"/{etc/putback,etc/ssl/certs,usr/bin,usr/lib,usr/lib64,usr/lib/ssl,var/lib,run}
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
mkdir -m 1777 "$root/tmp"

strip --strip-all -o "$root/usr/bin/putback" "$binary"
chmod 755 "$root/usr/bin/putback"

# The libraries, by the names that the loader looks for, and the loader itself.
libraries="$(ldd "$binary")"
if grep 'not found' <<<"$libraries" >&2; then exit 1; fi
grep -o '/[^ ]*' <<<"$libraries" | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done

# OpenSSL looks for authorities at /usr/lib/ssl/cert.pem; the file is where a mount would replace it.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"

echo 'putback:x:65532:65532:Putback:/:/nonexistent' >"$root/etc/passwd"
echo 'putback:x:65532:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
