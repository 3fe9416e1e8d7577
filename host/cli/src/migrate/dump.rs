//! A table out of a dump in SQL: H2 `SCRIPT`, `pg_dump --inserts`, `mysqldump`.
//!
//! The tokenizer of a library knows strings, quotes and comments of each dialect; of the statements only `INSERT` and
//! `CREATE TABLE` of the table in question are looked at. A value that is no literal is an error: nothing is guessed.

use sqlparser::dialect::{Dialect, MySqlDialect, PostgreSqlDialect};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::table::Row;

/// Why a dump cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DumpError {
    #[error("it is no SQL: {0}")]
    Tokens(String),
    #[error("it has {0} as COPY; make it with pg_dump --inserts")]
    Copy(String),
    #[error("line {line}: the rows of {table} have no names of columns, and the dump has no CREATE TABLE for it")]
    NoColumns { table: String, line: u64 },
    #[error("line {line}: a row of {table} has {found} values for {columns} columns")]
    Shape { table: String, line: u64, found: usize, columns: usize },
    #[error("line {line}: a value of {table} is no literal")]
    Value { table: String, line: u64 },
}

/// The rows of a table in the order of the dump; `None` if the dump does not know the table.
pub(super) fn read(sql: &str, table: &str) -> Result<Option<Vec<Row>>, DumpError> {
    if sql.lines().any(|line| is_copy(line, table)) {
        return Err(DumpError::Copy(table.to_owned()));
    }
    let tokens = Tokenizer::new(dialect(sql), sql).tokenize_with_location();
    let tokens = tokens.map_err(|error| DumpError::Tokens(error.to_string()))?;
    let tokens: Vec<_> = tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let (mut columns, mut rows): (Option<Vec<String>>, Option<Vec<Row>>) = (None, None);
    for statement in tokens.split(|token| token.token == Token::SemiColon) {
        let mut cursor = Cursor { table, rest: statement };
        if cursor.begins(&["CREATE"]) {
            // CREATE CACHED TABLE, CREATE TABLE IF NOT EXISTS
            let before_columns = cursor.until(|token| *token == Token::LParen);
            if before_columns.iter().any(|token| is_word(token, "TABLE")) && names(before_columns, table) {
                columns = Some(cursor.definitions());
                rows.get_or_insert_default();
            }
        } else if cursor.begins(&["INSERT"]) || cursor.begins(&["REPLACE"]) {
            let target = cursor.until(|token| *token == Token::LParen || is_keyword(token, "VALUES"));
            if names(target, table) {
                let named = cursor.list_of_names();
                let line = cursor.line();
                let named = named.or_else(|| columns.clone());
                let named = named.ok_or_else(|| DumpError::NoColumns { table: table.to_owned(), line })?;
                rows.get_or_insert_default().extend(cursor.rows(&named)?);
            }
        }
    }
    Ok(rows)
}

/// MySQL has backticks, and a backslash in a string means something.
fn dialect(sql: &str) -> &'static dyn Dialect {
    let is_mysql = sql.contains("MySQL dump") || sql.contains("MariaDB dump") || sql.contains("INSERT INTO `");
    if is_mysql { &MySqlDialect {} } else { &PostgreSqlDialect {} }
}

/// `COPY public.idn_oauth_consumer_apps (id, …) FROM stdin;`
fn is_copy(line: &str, table: &str) -> bool {
    let mut words = line.split([' ', '(', '.', '"']).filter(|word| !word.is_empty());
    words.next() == Some("COPY") && words.take(2).any(|word| word.eq_ignore_ascii_case(table))
}

fn is_keyword(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

fn is_word(token: &TokenWithSpan, word: &str) -> bool {
    is_keyword(&token.token, word)
}

/// Whether the last word before a parenthesis, `"PUBLIC"."IDN_OAUTH_CONSUMER_APPS"`, is this table.
fn names(tokens: &[TokenWithSpan], table: &str) -> bool {
    matches!(tokens.last().map(|token| &token.token), Some(Token::Word(word)) if word.value.eq_ignore_ascii_case(table))
}

/// The rest of a statement about a table.
struct Cursor<'a> {
    table: &'a str,
    rest: &'a [TokenWithSpan],
}

impl<'a> Cursor<'a> {
    fn line(&self) -> u64 {
        self.rest.first().map_or(0, |token| token.span.start.line)
    }

    fn begins(&self, words: &[&str]) -> bool {
        self.rest.len() >= words.len() && self.rest.iter().zip(words).all(|(token, word)| is_word(token, word))
    }

    fn take(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(&first.token)
    }

    /// The tokens before the first one like this, which stays.
    fn until(&mut self, like: impl Fn(&Token) -> bool) -> &'a [TokenWithSpan] {
        let at = self.rest.iter().position(|token| like(&token.token)).unwrap_or(self.rest.len());
        let (before, rest) = self.rest.split_at(at);
        self.rest = rest;
        before
    }

    /// What is in the parenthesis that begins here, separated by commas.
    fn parenthesis(&mut self) -> Vec<Vec<&'a Token>> {
        let mut parts = vec![Vec::new()];
        let mut depth = 0_usize;
        while let Some(token) = self.take() {
            match token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                Token::Comma if depth == 1 => {
                    parts.push(Vec::new());
                    continue;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
            let is_opening = depth == 1 && *token == Token::LParen;
            if let Some(part) = parts.last_mut().filter(|_| !is_opening) {
                part.push(token);
            }
        }
        parts
    }

    /// The columns of `CREATE TABLE`: the first word of each definition that is no constraint.
    fn definitions(&mut self) -> Vec<String> {
        let constraints = ["CONSTRAINT", "PRIMARY", "UNIQUE", "KEY", "INDEX", "FOREIGN", "CHECK", "FULLTEXT"];
        let parts = self.parenthesis();
        let first = parts.iter().filter_map(|part| match part.first() {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        });
        let is_column =
            |quoted: bool, name: &str| quoted || !constraints.iter().any(|word| name.eq_ignore_ascii_case(word));
        first.filter(|word| is_column(word.quote_style.is_some(), &word.value)).map(|word| word.value.clone()).collect()
    }

    /// `(ID, CONSUMER_KEY)` before `VALUES`.
    fn list_of_names(&mut self) -> Option<Vec<String>> {
        if self.rest.first().map(|token| &token.token) != Some(&Token::LParen) {
            return None;
        }
        let words = self.parenthesis().into_iter().filter_map(|part| match part.first() {
            Some(Token::Word(word)) => Some(word.value.clone()),
            _ => None,
        });
        Some(words.collect())
    }

    /// The rows after `VALUES`.
    fn rows(&mut self, columns: &[String]) -> Result<Vec<Row>, DumpError> {
        self.until(|token| *token == Token::LParen);
        let mut rows = Vec::new();
        while self.rest.first().is_some_and(|token| token.token == Token::LParen) {
            let (table, line) = (self.table.to_owned(), self.line());
            let values = self.parenthesis();
            if values.len() != columns.len() {
                return Err(DumpError::Shape { table, line, found: values.len(), columns: columns.len() });
            }
            let values = values.iter().map(|value| literal(value)).collect::<Option<Vec<_>>>();
            let values = values.ok_or(DumpError::Value { table, line })?;
            rows.push(Row::new(columns.iter().cloned().zip(values)));
            // The comma between two rows.
            self.until(|token| *token == Token::LParen);
        }
        Ok(rows)
    }
}

/// The value of a literal: `Some(None)` is `NULL`, `None` is no literal.
fn literal(tokens: &[&Token]) -> Option<Option<String>> {
    if let [token] = tokens
        && is_keyword(token, "NULL")
    {
        return Some(None);
    }
    let text = match tokens {
        [Token::Number(number, _)] => number.clone(),
        [Token::Minus, Token::Number(number, _)] => format!("-{number}"),
        [token] if is_keyword(token, "TRUE") => "1".to_owned(),
        [token] if is_keyword(token, "FALSE") => "0".to_owned(),
        [token] => string(token)?,
        // STRINGDECODE('…'), TIMESTAMP '…', DATE '…', _binary '…'
        [Token::Word(function), Token::LParen, text, Token::RParen]
            if function.value.eq_ignore_ascii_case("STRINGDECODE") =>
        {
            string_decode(&string(text)?)?
        }
        [Token::Word(_), text] => string(text)?,
        // TIMESTAMP WITH TIME ZONE '…'
        [Token::Word(kind), .., text] if kind.value.eq_ignore_ascii_case("TIMESTAMP") => string(text)?,
        _ => return None,
    };
    Some(Some(text))
}

fn string(token: &Token) -> Option<String> {
    match token {
        Token::SingleQuotedString(text)
        | Token::DoubleQuotedString(text)
        | Token::EscapedStringLiteral(text)
        | Token::UnicodeStringLiteral(text)
        | Token::NationalStringLiteral(text)
        | Token::HexStringLiteral(text) => Some(text.clone()),
        _ => None,
    }
}

/// The escapes of H2's `STRINGDECODE`, which are those of Java.
fn string_decode(text: &str) -> Option<String> {
    let mut decoded: Vec<u16> = Vec::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let unit = match character {
            '\\' => match characters.next()? {
                'u' => {
                    let digits: String = characters.by_ref().take(4).collect();
                    decoded.push(u16::from_str_radix(&digits, 16).ok()?);
                    continue;
                }
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other @ ('\\' | '"' | '\'') => other,
                _ => return None,
            },
            other => other,
        };
        decoded.extend_from_slice(unit.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&decoded).ok()
}

#[cfg(test)]
mod tests;
