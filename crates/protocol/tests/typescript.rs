//! `js/messages.d.ts` has the messages as JavaScript sees them, for TypeScript to check our scripts
//! by. It is made here of this crate's source: serde says how a type of Rust becomes an object, and
//! this says the same of the types.

use std::fmt::Write;
use std::{env, fs};

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Fields, GenericArgument, Ident, Item, Lit, PathArguments};
use syn::{Token, Type, braced, token};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../js/messages.d.ts");

/// Set to anything, it lets the test write the file instead of comparing it.
const WRITE: &str = "CLIPLET_WRITE_TYPES";

const SOURCES: [&str; 5] = [
    include_str!("../src/messages.rs"),
    include_str!("../src/collection.rs"),
    include_str!("../src/query.rs"),
    include_str!("../src/scoring.rs"),
    include_str!("../src/catalogue.rs"),
];

const HEAD: &str = "\
// What a page and the engine's worker say to each other, as `crates/protocol/src/messages.rs` has
// it and explains it.
//
// Made by `CLIPLET_WRITE_TYPES=1 cargo test -p cliplet-protocol --test typescript`, which without
// that variable fails where this file and the Rust differ.

/**
 * One of several variants, which have details or `undefined`: a variant with details is an object
 * with a member of its name, and one without is its name.
 */
type OneOf<Variants> = {
  [Name in keyof Variants]: [Variants[Name]] extends [undefined]
    ? Name
    : { [N in Name]: Variants[N] } & { [Other in Exclude<keyof Variants, Name>]?: undefined };
}[keyof Variants];

/** What crosses `postMessage`: a message, and what travels beside it. */
export interface Envelope<Message> {
  message: Message;
  blob?: Blob;
  pixels?: ImageBitmap | ImageData;
  port?: MessagePort;
}
";

#[test]
fn the_types_for_javascript_are_those_of_this_crate() {
    let made = SOURCES
        .iter()
        .fold(HEAD.to_owned(), |made, source| made + &declarations(source));
    if env::var_os(WRITE).is_some() {
        fs::write(FILE, &made).unwrap();
    }
    let there = fs::read_to_string(FILE).unwrap();
    assert!(
        made == there,
        "js/messages.d.ts has other types than this crate; its first lines say how it is made"
    );
}

#[test]
fn types_become_what_serde_makes_of_them() {
    let made = declarations(
        "pub type Id = u32;
         #[derive(Serialize)] pub struct Nothing;
         #[derive(Serialize)] pub struct Some { pub id: Id, #[serde(default)] pub names: Vec<Option<String>>, pub at: (f32, bool) }
         #[derive(Serialize)] #[serde(rename_all = \"lowercase\")] pub enum Way { In, Out }
         #[derive(Serialize)] pub enum What { None, One(Some), Two { a: [f64; 2] } }
         pub struct NoMessage { pub a: u8 }
         messages! { answered { Ask => Answer, } unanswered { Tell, } answers { Answer, } }",
    );
    let expected = "
export type Id = number;

export type Nothing = null;

export interface Some {
  id: Id;
  names?: (string | null)[];
  at: [number, boolean];
}

export type Way = \"in\" | \"out\";

export type What = OneOf<WhatVariants>;

export interface WhatVariants {
  None: undefined;
  One: Some;
  Two: { a: number[] };
}

export type Request = OneOf<RequestVariants>;

export interface RequestVariants {
  Ask: Ask;
  Tell: Tell;
}

/** Which request is answered with what. */
export interface Answers {
  Ask: \"Answer\";
}

export type Response = OneOf<ResponseVariants>;

export interface ResponseVariants {
  Answer: Answer;
}
";
    assert_eq!(made, expected);
}

/// The declarations of all types in a source that serde serialises.
fn declarations(source: &str) -> String {
    let mut made = String::new();
    for item in syn::parse_file(source).unwrap().items {
        match item {
            Item::Type(alias) => {
                let ty = type_of(&alias.ty);
                writeln!(made, "\nexport type {} = {ty};", alias.ident).unwrap();
            }
            Item::Struct(item) if is_serialised(&item.attrs) => match &item.fields {
                Fields::Unit => writeln!(made, "\nexport type {} = null;", item.ident).unwrap(),
                fields => {
                    let members = members(fields, has_serde(&item.attrs, "default"));
                    write_interface(&mut made, &item.ident.to_string(), &members);
                }
            },
            Item::Enum(item) if is_serialised(&item.attrs) => {
                let is_plain = item
                    .variants
                    .iter()
                    .all(|variant| matches!(variant.fields, Fields::Unit));
                if is_plain {
                    let lowercase = has_serde(&item.attrs, "rename_all");
                    let names = item.variants.iter().map(|variant| {
                        let name = variant.ident.to_string();
                        let name = if lowercase { name.to_lowercase() } else { name };
                        format!("\"{name}\"")
                    });
                    let names = names.collect::<Vec<_>>().join(" | ");
                    writeln!(made, "\nexport type {} = {names};", item.ident).unwrap();
                } else {
                    let variants = item.variants.iter().map(|variant| {
                        let details = match &variant.fields {
                            Fields::Unit => "undefined".to_owned(),
                            Fields::Unnamed(fields) => type_of(&fields.unnamed[0].ty),
                            fields => format!("{{ {} }}", members(fields, false).join("; ")),
                        };
                        format!("{}: {details}", variant.ident)
                    });
                    write_enum(
                        &mut made,
                        &item.ident.to_string(),
                        &variants.collect::<Vec<_>>(),
                    );
                }
            }
            Item::Macro(item) if item.mac.path.is_ident("messages") => {
                let messages: Messages = item.mac.parse_body().unwrap();
                let itself = |name: &Ident| format!("{name}: {name}");
                let asked = messages.answered.iter().map(|(request, _)| request);
                let requests: Vec<_> = asked.chain(&messages.unanswered).map(itself).collect();
                write_enum(&mut made, "Request", &requests);
                made.push_str("\n/** Which request is answered with what. */");
                let answered = messages.answered.iter();
                let answered: Vec<_> = answered
                    .map(|(request, answer)| format!("{request}: \"{answer}\""))
                    .collect();
                write_interface(&mut made, "Answers", &answered);
                let answers: Vec<_> = messages.answers.iter().map(itself).collect();
                write_enum(&mut made, "Response", &answers);
            }
            _ => {}
        }
    }
    made
}

fn write_enum(made: &mut String, name: &str, variants: &[String]) {
    writeln!(made, "\nexport type {name} = OneOf<{name}Variants>;").unwrap();
    write_interface(made, &format!("{name}Variants"), variants);
}

fn write_interface(made: &mut String, name: &str, members: &[String]) {
    writeln!(made, "\nexport interface {name} {{").unwrap();
    for member in members {
        writeln!(made, "  {member};").unwrap();
    }
    made.push_str("}\n");
}

/// `name: type` of each field. What serde has a default for need not be there.
fn members(fields: &Fields, all_default: bool) -> Vec<String> {
    let member = |field: &syn::Field| {
        let name = field.ident.as_ref().expect("fields have names");
        let may_be_missing = all_default || has_serde(&field.attrs, "default");
        let mark = if may_be_missing { "?" } else { "" };
        format!("{name}{mark}: {}", type_of(&field.ty))
    };
    fields.iter().map(member).collect()
}

/// A type in the words of TypeScript.
fn type_of(ty: &Type) -> String {
    match ty {
        Type::Array(array) => list_of(&array.elem),
        Type::Tuple(tuple) => {
            let elements: Vec<_> = tuple.elems.iter().map(type_of).collect();
            format!("[{}]", elements.join(", "))
        }
        Type::Path(path) => {
            let last = path.path.segments.last().expect("a path has a name");
            let argument = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
                    Some(GenericArgument::Type(ty)) => Some(ty),
                    _ => None,
                },
                _ => None,
            };
            match (last.ident.to_string().as_str(), argument) {
                ("bool", None) => "boolean".to_owned(),
                ("String", None) => "string".to_owned(),
                ("u16" | "u32" | "u64" | "f32" | "f64", None) => "number".to_owned(),
                ("Vec", Some(ty)) => list_of(ty),
                ("Option", Some(ty)) => format!("{} | null", type_of(ty)),
                (name, None) if name.starts_with(char::is_uppercase) => name.to_owned(),
                (name, _) => panic!("what TypeScript calls `{name}` is not known here"),
            }
        }
        _ => panic!("a message has a type that is not known here"),
    }
}

fn list_of(ty: &Type) -> String {
    let ty = type_of(ty);
    if ty.contains(' ') {
        format!("({ty})[]")
    } else {
        format!("{ty}[]")
    }
}

fn is_serialised(attributes: &[Attribute]) -> bool {
    let derives = attributes
        .iter()
        .filter(|attr| attr.path().is_ident("derive"));
    derives.into_iter().any(|attr| {
        let derived = attr.parse_args_with(Punctuated::<syn::Path, Token![,]>::parse_terminated);
        derived.is_ok_and(|paths| paths.iter().any(|path| path.is_ident("Serialize")))
    })
}

/// Whether serde is told so. What it may be told is known here.
fn has_serde(attributes: &[Attribute], what: &str) -> bool {
    let mut found = false;
    for attribute in attributes
        .iter()
        .filter(|attr| attr.path().is_ident("serde"))
    {
        attribute
            .parse_nested_meta(|meta| {
                let name = meta
                    .path
                    .get_ident()
                    .map(Ident::to_string)
                    .unwrap_or_default();
                found |= name == what;
                let value = match meta.value() {
                    Ok(value) => match value.parse()? {
                        Expr::Lit(ExprLit {
                            lit: Lit::Str(text),
                            ..
                        }) => text.value(),
                        _ => String::new(),
                    },
                    Err(_) => String::new(),
                };
                let known = [
                    ("default", ""),
                    ("rename_all", "lowercase"),
                    ("skip_serializing_if", "Option::is_none"),
                ];
                assert!(
                    known.contains(&(&*name, &*value)),
                    "serde({name} = {value:?})"
                );
                Ok(())
            })
            .unwrap();
    }
    found
}

/// What the macro `messages!` is given.
struct Messages {
    answered: Vec<(Ident, Ident)>,
    unanswered: Vec<Ident>,
    answers: Vec<Ident>,
}

impl Parse for Messages {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut messages = Self {
            answered: Vec::new(),
            unanswered: Vec::new(),
            answers: Vec::new(),
        };
        while !input.is_empty() {
            let section: Ident = input.parse()?;
            let content;
            let _: token::Brace = braced!(content in input);
            while !content.is_empty() {
                let name: Ident = content.parse()?;
                match section.to_string().as_str() {
                    "answered" => {
                        content.parse::<Token![=>]>()?;
                        messages.answered.push((name, content.parse()?));
                    }
                    "unanswered" => messages.unanswered.push(name),
                    "answers" => messages.answers.push(name),
                    _ => return Err(input.error("another part than is known here")),
                }
                content.parse::<Token![,]>()?;
            }
        }
        Ok(messages)
    }
}
