//! Tokens, private keys, and addresses with a password.

use bstr::{BStr, ByteSlice};

use super::{MAX_CANDIDATES, find_words, is_word_byte, run_of};

/// Prefixes of tokens, and how many bytes follow at least.
const TOKENS: [(&str, usize); 18] = [
    ("sk-", 32),
    ("sk_live_", 20),
    ("rk_live_", 20),
    ("ghp_", 36),
    ("gho_", 36),
    ("ghs_", 36),
    ("ghu_", 36),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("AKIA", 16),
    ("AIza", 35),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("xoxa-", 20),
    ("npm_", 36),
    ("hf_", 30),
    ("gsk_", 30),
    ("SG.", 20),
];

/// Schemes of addresses of databases and queues.
const SCHEMES: [&str; 11] = [
    "postgres",
    "postgresql",
    "+psycopg2",
    "+asyncpg",
    "mysql",
    "+pymysql",
    "mongodb",
    "mongodb+srv",
    "redis",
    "rediss",
    "amqps",
];

/// Parts of texts that stand for a token or a password.
const PLACEHOLDERS: [&str; 16] = [
    "xxx",
    "your",
    "example",
    "placeholder",
    "dummy",
    "fake",
    "sample",
    "changeme",
    "password",
    "secret",
    "123456",
    "abcdef",
    "000000",
    "...",
    "<",
    "test",
];

/// The end of the line above a private key.
const KEY_HEAD: &str = "PRIVATE KEY-----";

/// The maximum length of a token, or of an address.
const MAX_LENGTH: usize = 1024;

/// Returns the offset of a secret.
pub(super) fn find(text: &BStr) -> Option<usize> {
    let tokens = TOKENS.iter().filter_map(|(prefix, length)| find_token(text, prefix, *length));
    tokens.chain(find_web_token(text)).chain(find_private_key(text)).chain(find_password(text)).min()
}

fn find_token(text: &[u8], prefix: &str, length: usize) -> Option<usize> {
    find_words(text, prefix).take(MAX_CANDIDATES).find(|start| {
        let token = token_at(text, start + prefix.len());
        token.len() >= length && is_random(token) && is_mixed(token, prefix)
    })
}

/// Whether a token has digits and letters of both cases, as a name hardly has; `AKIA` has capitals.
fn is_mixed(token: &[u8], prefix: &str) -> bool {
    let has = |is_kind: fn(&u8) -> bool| token.iter().any(is_kind);
    has(u8::is_ascii_digit)
        && (prefix == "AKIA" || has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase))
}

/// Finds a JSON web token: three parts, of which the first two are encoded objects.
fn find_web_token(text: &[u8]) -> Option<usize> {
    find_words(text, "eyJ").take(MAX_CANDIDATES).find(|start| {
        let head = token_at(text, *start);
        let body = token_at(text, start + head.len() + 1);
        let signature = token_at(text, start + head.len() + body.len() + 2);
        let is_long = [head, body, signature].iter().all(|part| part.len() >= 16);
        is_long && body.starts_with(b"eyJ") && is_random(signature)
    })
}

/// Finds the head of a private key with its key below it.
fn find_private_key(text: &[u8]) -> Option<usize> {
    text.find_iter(KEY_HEAD).take(MAX_CANDIDATES).find(|start| {
        let rest = &text[start + KEY_HEAD.len()..];
        let line_end = run_of(rest, 16, |byte| byte.is_ascii_whitespace() || b"\\nr\"'+".contains(&byte));
        let is_key_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        let key = run_of(&rest[line_end.len()..], MAX_LENGTH, is_key_byte);
        key.len() >= 40 && is_random(key)
    })
}

/// Finds the address of a database with a password, on a host that is not local.
fn find_password(text: &[u8]) -> Option<usize> {
    text.find_iter("://").take(MAX_CANDIDATES).find(|start| {
        let address = run_of(&text[start + 3..], MAX_LENGTH, |byte| {
            byte.is_ascii_graphic() && !b"\"'`/".contains(&byte)
        });
        SCHEMES.iter().any(|scheme| text[..*start].ends_with(scheme.as_bytes())) && has_password(address)
    })
}

/// Returns whether `address` is `USER:PASSWORD@HOST`, neither of them an example.
fn has_password(address: &[u8]) -> bool {
    let Some((login, host)) = address.rsplit_once_str("@") else { return false };
    let Some((_, password)) = login.split_once_str(":") else { return false };
    let is_variable = address.iter().any(|byte| b"$%{}()[]<>*".contains(byte));
    let is_remote = host.contains(&b'.') && !host.starts_with(b"127.") && !host.contains_str("example");
    password.len() >= 6 && !is_variable && is_remote && is_random(password)
}

/// Returns whether `text` could be a token: it stands for no other, and has different bytes.
fn is_random(text: &[u8]) -> bool {
    let mut is_present = [false; 256];
    for byte in text {
        is_present[usize::from(*byte)] = true;
    }
    let distinct = is_present.iter().filter(|is_present| **is_present).count();
    let text = text.to_ascii_lowercase();
    distinct >= 5 && !PLACEHOLDERS.iter().any(|part| text.contains_str(part))
}

/// Returns the bytes of a token from `start` on.
fn token_at(text: &[u8], start: usize) -> &[u8] {
    let is_token_byte = |byte: u8| byte == b'-' || (is_word_byte(byte) && byte.is_ascii());
    run_of(text.get(start..).unwrap_or_default(), MAX_LENGTH, is_token_byte)
}
