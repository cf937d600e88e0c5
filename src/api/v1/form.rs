//! The members of a request: each is looked at, and everything that is wrong is told at once.

use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::Value;

use crate::api::body::Members;
use crate::api::error::Problem;
use crate::auth::{Edit, FieldError};

/// The members as a `T`, whose fields are texts and flags: they are looked at in their order, and those that are an `Option`
/// may be absent or `null`.
pub(super) fn read<T: for<'de> Deserialize<'de>>(members: Members) -> Result<T, Problem> {
    let mut form = Form { members, faults: Vec::new() };
    let read = T::deserialize(&mut form).map_err(|fault| Problem::Fault(fault.into()))?;
    if form.faults.is_empty() { Ok(read) } else { Err(Problem::Invalid(form.faults)) }
}

/// What is to become of a text: absent, it stays; `null` clears it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TextEdit(pub(super) Edit);

/// A request's members, and what is wrong with those that were looked at.
struct Form {
    members: Members,
    faults: Vec<FieldError>,
}

/// A field and what was sent for it. What is wrong is noted, and something of the right type given instead.
struct Member<'a> {
    field: &'static str,
    value: Option<Value>,
    faults: &'a mut Vec<FieldError>,
}

impl Member<'_> {
    fn fault(&mut self, code: &'static str, message: &str) {
        let message = format!("{} {message}", self.field);
        self.faults.push(FieldError { field: self.field, code, message });
    }

    fn text(mut self) -> String {
        match self.value.take() {
            None | Some(Value::Null) => self.fault("required", "is required."),
            // PostgreSQL cannot keep a NUL.
            Some(Value::String(text)) if text.contains('\0') => {
                self.fault("invalid", "must not hold a NUL character.");
            }
            Some(Value::String(text)) => return text,
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                self.fault("invalid_type", "must be a string.");
            }
        }
        String::new()
    }

    fn flag(mut self) -> bool {
        match self.value.take() {
            None | Some(Value::Null) => self.fault("required", "is required."),
            Some(Value::Bool(flag)) => return flag,
            Some(Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                self.fault("invalid_type", "must be true or false.");
            }
        }
        false
    }
}

impl<'de> Deserializer<'de> for &mut Form {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Walk { form: self, fields: fields.iter() })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("a body is a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Goes through the fields of a struct; those that were not sent are looked at too.
struct Walk<'a> {
    form: &'a mut Form,
    fields: std::slice::Iter<'static, &'static str>,
}

impl<'de> MapAccess<'de> for Walk<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let field = self.fields.as_slice().first();
        field
            .map(|field| seed.deserialize::<StrDeserializer<'_, Error>>(field.into_deserializer()))
            .transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let field = *self.fields.next().ok_or_else(|| Error::custom("a value before its key"))?;
        let Form { members, faults } = &mut *self.form;
        seed.deserialize(Member { field, value: members.remove(field), faults })
    }
}

impl<'de> Deserializer<'de> for Member<'_> {
    type Error = Error;

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text())
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.flag())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.as_ref().is_none_or(Value::is_null) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    /// [`TextEdit`] alone is one.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            None => visitor.visit_unit(),
            Some(_) => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("a member is a text or a flag"))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> Deserialize<'de> for TextEdit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sent;

        impl<'de> Visitor<'de> for Sent {
            type Value = Edit;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, null or nothing")
            }

            fn visit_unit<E>(self) -> Result<Edit, E> {
                Ok(Edit::Keep)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Edit, D::Error> {
                Ok(Option::<String>::deserialize(deserializer)?.map_or(Edit::Clear, Edit::Set))
            }
        }
        deserializer.deserialize_newtype_struct("TextEdit", Sent).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        a: String,
        b: Option<String>,
        nul: Option<String>,
        d_long: String,
        e: Option<String>,
        f: String,
        g: Option<bool>,
        h: bool,
        i: bool,
        j: Option<bool>,
    }

    #[derive(Debug, Deserialize)]
    struct Edits {
        keep: TextEdit,
        clear: TextEdit,
        set: TextEdit,
    }

    fn members(members: Value) -> Members {
        let Value::Object(members) = members else { panic!("an object") };
        members
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_in_the_order_of_the_fields() {
        let sent =
            json!({"h": 1, "a": 1, "b": null, "nul": "x\u{0}", "dLong": "fine", "e": ["x"], "j": "true"});

        let Err(Problem::Invalid(faults)) = read::<Body>(members(sent)) else { panic!("no faults") };

        let told: Vec<_> = faults.iter().map(|fault| (fault.field, fault.code)).collect();
        let expected = [
            ("a", "invalid_type"),
            ("nul", "invalid"),
            ("e", "invalid_type"),
            ("f", "required"),
            ("h", "invalid_type"),
            ("i", "required"),
            ("j", "invalid_type"),
        ];
        assert_eq!(told, expected);
        let texts: Vec<_> = faults.iter().map(|fault| fault.message.as_str()).collect();
        assert!(texts.contains(&"a must be a string.") && texts.contains(&"f is required."), "{texts:?}");
        assert!(texts.contains(&"nul must not hold a NUL character."), "{texts:?}");
        assert!(texts.contains(&"h must be true or false."), "{texts:?}");
    }

    #[test]
    fn what_is_sound_is_taken_as_it_is() {
        let sent = json!({"a": " a ", "dLong": "", "f": "f", "h": true, "i": false, "j": null, "other": {"x": "\u{0}"}});

        let body: Body = read(members(sent)).unwrap();

        assert_eq!((body.a.as_str(), body.d_long.as_str(), body.f.as_str()), (" a ", "", "f"));
        assert_eq!((body.b, body.nul, body.e), (None, None, None));
        assert_eq!((body.g, body.h, body.i, body.j), (None, true, false, None));
    }

    #[test]
    fn null_clears_a_text_and_absence_keeps_it() {
        let edits: Edits = read(members(json!({"clear": null, "set": "x"}))).unwrap();
        let wrong = read::<Edits>(members(json!({"set": 1})));

        assert_eq!(edits.keep, TextEdit(Edit::Keep));
        assert_eq!(edits.clear, TextEdit(Edit::Clear));
        assert_eq!(edits.set, TextEdit(Edit::Set("x".to_owned())));
        assert!(matches!(wrong, Err(Problem::Invalid(_))));
    }
}
