#!/usr/bin/env python3
"""Verifies an xhp/1 package without any of Xianhe's code: for auditors, in ten years, on another machine.

    python3 verify-package.py PACKAGE.xhp --key sender.pem [--previous PRECEDING.xhp]

Needs Python 3.8 and, to count the acts, the `zstd` program (or Python 3.14). Ed25519 is checked here in plain arithmetic
(RFC 8032, 5.1.7); the key is what `xianhe peer key` printed on the sender's box. Exit status 0: verified, 1: not.
"""
import argparse, base64, hashlib, json, shutil, subprocess, sys, tarfile

# --- Ed25519, RFC 8032 -----------------------------------------------------------------------------------------------
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if (x * x - x2) % P:
        return None
    return P - x if (x & 1) != sign else x


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(n, p):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, p)
        p, n = add(p, p), n >> 1
    return out


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover_x(BASE_Y, 0), BASE_Y, 1, recover_x(BASE_Y, 0) * BASE_Y % P)


def ed25519(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- the package -----------------------------------------------------------------------------------------------------
class Wrong(Exception):
    pass


def must(condition, sentence):
    if not condition:
        raise Wrong(sentence)


def canonical(value):
    """RFC 8785 for what a manifest holds: strings, whole numbers, null, arrays, objects."""
    if isinstance(value, dict):
        members = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def read_key(path):
    text = open(path, encoding="ascii").read()
    der = base64.b64decode("".join(line for line in text.splitlines() if "-----" not in line))
    must(der[:12] == bytes.fromhex("302a300506032b6570032100") and len(der) == 44, "the key is not an Ed25519 public key")
    return der[12:], hashlib.sha256(der).hexdigest()[:16]


def lines_of(data):
    try:
        from compression import zstd

        return zstd.decompress(data).splitlines()
    except ImportError:
        must(shutil.which("zstd"), "install the zstd program to read the acts")
        done = subprocess.run(["zstd", "-dcq"], input=data, capture_output=True)
        must(done.returncode == 0, "acts.ndjson.zst cannot be decompressed")
        return done.stdout.splitlines()


def manifest_of(path):
    with tarfile.open(path, "r:") as tar:
        return tar.extractfile(tar.next()).read()


def verify(path, key_path, previous):
    public, key_id = read_key(key_path)
    parts, order = {}, []
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            must(member.isreg(), f"{member.name} is not a regular file")
            must(member.name not in parts, f"{member.name} is there twice")
            order.append(member.name)
            parts[member.name] = tar.extractfile(member).read()
    must(order[:2] == ["manifest.json", "signature.json"], "manifest.json and signature.json should come first")
    raw = parts.pop("manifest.json")
    signature = json.loads(parts.pop("signature.json"))
    manifest = json.loads(raw)
    must(manifest["format"] == "xhp/1", "the format is not xhp/1")
    must(canonical(manifest).encode() == raw, "manifest.json is not canonical (RFC 8785)")
    must(signature["alg"] == "Ed25519", f"this script checks Ed25519 only, not {signature['alg']}")
    must(signature["key"] == key_id, f"signed with key {signature['key']}, not with {key_id}")
    must(ed25519(public, raw, base64.b64decode(signature["value"])), "the signature does not match")
    named = [part["path"] for part in manifest["parts"]]
    must(named == order[2:], "the parts are not those the manifest names, in its order")
    for part in manifest["parts"]:
        data = parts[part["path"]]
        must(len(data) == part["bytes"], f"{part['path']} has another size")
        must(hashlib.sha256(data).hexdigest() == part["sha256"], f"{part['path']} has another hash")
    acts = [json.loads(line) for line in lines_of(parts["acts.ndjson.zst"])] if "acts.ndjson.zst" in parts else []
    must(len(acts) == manifest["acts"]["count"], "the number of acts is not what the manifest says")
    must(all(a["seq"] < b["seq"] for a, b in zip(acts, acts[1:])), "the acts are out of order")
    counts = {}
    for act in acts:
        for change in act["changes"]:
            kind = "withdrawn" if change.get("withdrawn") else "created" if change["base"] == 0 else "amended"
            counts.setdefault(change["dataset"], {"created": 0, "amended": 0, "withdrawn": 0})[kind] += 1
    must(counts == manifest["datasets"], "the counts by dataset are not what the manifest says")
    if previous:
        must(hashlib.sha256(manifest_of(previous)).hexdigest() == manifest["previous"], "it does not follow that package")
    return manifest, acts, key_id


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("package")
    asked.add_argument("--key", required=True, help="the sender's public key, PEM")
    asked.add_argument("--previous", help="the package before this one")
    given = asked.parse_args()
    try:
        manifest, acts, key_id = verify(given.package, given.key, given.previous)
    except (Wrong, tarfile.TarError, ValueError, KeyError, TypeError, AttributeError) as fault:
        print(f"{given.package}: NOT verified: {fault}", file=sys.stderr)
        return 1
    print(f"{given.package}: verified, signed with {key_id}")
    print(f"  package {manifest['seq']} of {manifest['node']} ({manifest['division']}) for {manifest['peer']}, {manifest['created']}")
    print(f"  acts {manifest['acts']['from']} to {manifest['acts']['to']}: {len(acts)} inside, {manifest['acts']['omitted']} omitted")
    for dataset, counts in manifest["datasets"].items():
        print(f"  {dataset}: " + ", ".join(f"{n} {kind}" for kind, n in counts.items() if n))
    return 0


if __name__ == "__main__":
    sys.exit(main())
