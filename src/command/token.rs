//! Words of a command's text: split at blanks, quotes and escapes resolved, each with its place.

use super::complaint::{ParseError, shown};

/// A word of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The column in which it begins, counted in characters from 1.
    pub column: usize,
    /// `name` of `name=value`.
    pub name: Option<String>,
    /// The value, quotes and escapes resolved.
    pub value: Vec<u8>,
    /// The column in which the value begins.
    pub value_column: usize,
    /// Whether it has a quote in it. Then it is meant as bytes.
    pub quoted: bool,
}

impl Token {
    /// The value as text; what is not UTF-8 is shown as such in messages and fits no word.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }

    /// The whole token, for messages.
    pub fn whole(&self) -> String {
        match &self.name {
            Some(name) => format!("{}={}", shown(name), shown(&self.text())),
            None => shown(&self.text()),
        }
    }

    pub fn wrong(&self, why: String) -> ParseError {
        ParseError {
            column: self.value_column,
            why,
            nearest: Vec::new(),
        }
    }
}

/// Splits text into words; quotes hold a word together, and escapes are those of C.
pub fn tokens(text: &str) -> Result<Vec<Token>, ParseError> {
    let mut words = Tokens::of(text);
    let mut tokens = Vec::new();
    while let Some(token) = words.next_token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

/// The words of a text, read one by one: what follows need not be words of ours.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    chars: std::iter::Peekable<std::iter::Enumerate<std::str::Chars<'a>>>,
    /// The characters in all.
    len: usize,
    /// Does a single quote hold a word together, too, as a shell's does?
    single_quotes: bool,
}

impl<'a> Tokens<'a> {
    /// The tokens of that text.
    pub fn of(text: &'a str) -> Tokens<'a> {
        Tokens {
            chars: text.chars().enumerate().peekable(),
            len: text.chars().count(),
            single_quotes: false,
        }
    }

    /// Reads single quotes, too: what stands between them stands for itself.
    pub fn with_single_quotes(self) -> Tokens<'a> {
        Tokens {
            single_quotes: true,
            ..self
        }
    }

    /// Returns how many characters have been read.
    pub fn place(&mut self) -> usize {
        self.chars.peek().map_or(self.len, |(at, _)| *at)
    }

    /// Reads the next word; none after the last.
    pub fn next_token(&mut self) -> Result<Option<Token>, ParseError> {
        let chars = &mut self.chars;
        while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let Some(&(at, _)) = chars.peek() else { return Ok(None) };
        let mut token = Token {
            column: at + 1,
            name: None,
            value: Vec::new(),
            value_column: at + 1,
            quoted: false,
        };
        let mut quoted_since = None;
        while let Some(&(at, c)) = chars.peek() {
            match (quoted_since, c) {
                (None, c) if c.is_whitespace() => break,
                (None, '"' | '\'') if c == '"' || self.single_quotes => {
                    quoted_since = Some((at, c));
                    token.quoted = true;
                }
                (Some((_, quote)), c) if c == quote => quoted_since = None,
                (Some((_, '"')), '\\') => {
                    chars.next();
                    token.value.push(escaped(chars, at)?);
                    continue;
                }
                (None, '=') if token.name.is_none() && !token.quoted && is_name(&token.value) => {
                    token.name = Some(String::from_utf8_lossy(&token.value).into_owned());
                    token.value.clear();
                    token.value_column = at + 2;
                }
                (_, c) => token.value.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
            chars.next();
        }
        if let Some((since, _)) = quoted_since {
            return Err(ParseError {
                column: since + 1,
                why: "this quote is not closed".into(),
                nearest: Vec::new(),
            });
        }
        Ok(Some(token))
    }
}

/// Could this stand before `=`? A comparison has its sign before it: `size>=1400`.
fn is_name(value: &[u8]) -> bool {
    let word = value.strip_suffix(b">").or(value.strip_suffix(b"<")).unwrap_or(value);
    !word.is_empty() && word.iter().all(u8::is_ascii_alphabetic)
}

/// Reads one escape after its backslash: `\n`, `\x1b`, `\033`, `\\`, `\"`.
fn escaped(chars: &mut std::iter::Peekable<impl Iterator<Item = (usize, char)>>, at: usize) -> Result<u8, ParseError> {
    let wrong = || ParseError {
        column: at + 1,
        why:
            r#"an escape is \n, \r, \t, \v, \f, \\, \", \x1b (two hexadecimal digits) or \33 (up to three octal ones)"#
                .into(),
        nearest: Vec::new(),
    };
    let Some((_, c)) = chars.next() else {
        return Err(wrong());
    };
    Ok(match c {
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        'f' => 0x0c,
        '\\' | '"' => c as u8,
        'x' => {
            let mut value = 0;
            for _ in 0..2 {
                let digit = chars.next().and_then(|(_, c)| c.to_digit(16)).ok_or_else(wrong)?;
                value = value * 16 + digit;
            }
            value as u8
        }
        '0'..='7' => {
            let mut value = c.to_digit(8).unwrap_or(0);
            for _ in 0..2 {
                let Some(digit) = chars.peek().and_then(|(_, c)| c.to_digit(8)) else {
                    break;
                };
                value = value * 8 + digit;
                chars.next();
            }
            u8::try_from(value).map_err(|_| wrong())?
        }
        _ => return Err(wrong()),
    })
}
