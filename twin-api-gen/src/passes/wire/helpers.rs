//! Provides the helper functions that rewritten requests call. Only those in use are added.

use syn::{Item, parse_quote};

/// The helpers that the rewritten requests use.
#[derive(Debug, Default)]
pub(super) struct UsedHelpers {
    pub(super) brackets: bool,
    pub(super) cookie: bool,
    pub(super) form: bool,
}

impl UsedHelpers {
    /// Returns the used functions, for the root of the generated code.
    pub(super) fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        if self.brackets {
            items.push(in_brackets());
        }
        if self.form {
            items.push(form_pairs());
        }
        if self.brackets || self.form {
            items.extend([push_in_brackets(), text_of()]);
        }
        if self.cookie {
            items.push(add_cookie());
        }
        items
    }
}

fn in_brackets() -> Item {
    parse_quote! {
        /// Writes the members of an object as `name[member]`, at any depth.
        fn in_brackets<T: ::serde::Serialize>(
            name: &str,
            value: &T,
        ) -> ::std::result::Result<Vec<(String, String)>, String> {
            let value = ::serde_json::to_value(value)
                .map_err(|error| format!("{name} cannot be written: {error}"))?;
            let mut pairs = Vec::new();
            push_in_brackets(name, &value, &mut pairs);
            Ok(pairs)
        }
    }
}

fn push_in_brackets() -> Item {
    parse_quote! {
        fn push_in_brackets(
            name: &str,
            value: &::serde_json::Value,
            pairs: &mut Vec<(String, String)>,
        ) {
            match value {
                ::serde_json::Value::Null => {}
                ::serde_json::Value::Array(items) => {
                    items.iter().for_each(|item| push_in_brackets(name, item, pairs));
                }
                ::serde_json::Value::Object(members) => {
                    for (member, value) in members {
                        push_in_brackets(&format!("{name}[{member}]"), value, pairs);
                    }
                }
                other => pairs.push((name.to_string(), text_of(other))),
            }
        }
    }
}

fn text_of() -> Item {
    parse_quote! {
        /// Returns a string unchanged and any other value as JSON.
        fn text_of(value: &::serde_json::Value) -> String {
            match value {
                ::serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            }
        }
    }
}

fn form_pairs() -> Item {
    parse_quote! {
        /// Writes the members of a body as form pairs, each in its style.
        fn form_pairs<T: ::serde::Serialize>(
            body: &T,
            styles: &[(&str, &str)],
        ) -> ::std::result::Result<Vec<(String, String)>, String> {
            let body = ::serde_json::to_value(body)
                .map_err(|error| format!("the form cannot be written: {error}"))?;
            let ::serde_json::Value::Object(members) = body else {
                return Err("the form is not an object".to_string());
            };
            let mut pairs = Vec::new();
            for (name, value) in &members {
                let style = styles.iter().find(|(known, _)| known == name).map_or("", |(_, it)| it);
                match (style, value) {
                    (_, ::serde_json::Value::Null) => {}
                    ("brackets", _) => push_in_brackets(name, value, &mut pairs),
                    ("commas" | "spaces" | "pipes", ::serde_json::Value::Array(items)) => {
                        let between = match style {
                            "commas" => ",",
                            "spaces" => " ",
                            _ => "|",
                        };
                        let items: Vec<String> = items.iter().map(text_of).collect();
                        pairs.push((name.clone(), items.join(between)));
                    }
                    ("members", ::serde_json::Value::Object(members)) => {
                        pairs.extend(members.iter().map(|(name, it)| (name.clone(), text_of(it))));
                    }
                    ("json", _) => pairs.push((name.clone(), value.to_string())),
                    (_, ::serde_json::Value::Array(items)) => {
                        pairs.extend(items.iter().map(|item| (name.clone(), text_of(item))));
                    }
                    _ => pairs.push((name.clone(), text_of(value))),
                }
            }
            Ok(pairs)
        }
    }
}

fn add_cookie() -> Item {
    parse_quote! {
        /// Appends to the single cookie header (RFC 6265 section 5.4).
        fn add_cookie(
            headers: &mut ::reqwest::header::HeaderMap,
            name: &str,
            value: &str,
        ) -> ::std::result::Result<(), String> {
            let allowed = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
            if !value.bytes().all(allowed) {
                return Err(format!(
                    "{name} is not a valid cookie value: it contains a blank, comma, semicolon, quote, backslash or non-ASCII character"
                ));
            }
            let before = headers.get(::reqwest::header::COOKIE).and_then(|it| it.to_str().ok());
            let cookie = before.map_or_else(String::new, |before| format!("{before}; "));
            let cookie = format!("{cookie}{name}={value}")
                .parse()
                .map_err(|_| format!("{name} cannot be sent as a cookie"))?;
            headers.insert(::reqwest::header::COOKIE, cookie);
            Ok(())
        }
    }
}
