//! Python pickles, as far as files of tensors need them.
//!
//! A pickle is a program for a small stack machine (`pickletools.py` in Python lists its
//! instructions), and what makes it dangerous is that it may name any function and have it called.
//! Here names are names: [`read`] builds values out of the instructions that `torch.save` writes
//! for a dictionary of tensors, and refuses every other. A call, an object and a reference to a
//! tensor's bytes become values that say what was asked for; whoever looks at them
//! ([`crate::pytorch`]) knows the few that mean a tensor.
//!
//! Values are numbers of places in one list, so that neither copies of copies nor nesting of any
//! depth cost more than the bytes that ask for them.

use std::collections::HashMap;

/// The most values that a pickle may build: a training checkpoint has some thousands.
const MAX_VALUES: usize = 1 << 20;

/// The place of a value among [`Values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(usize);

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a point.
    Float(f64),
    /// A text.
    Text(String),
    /// A tuple.
    Tuple(Vec<Place>),
    /// A list.
    List(Vec<Place>),
    /// A dictionary: keys and values, in their order.
    Dict(Vec<(Place, Place)>),
    /// A name: of a module, and of a class or function in it.
    Name(String, String),
    /// What was asked for is a call, which is not made: of what, and with which arguments.
    Call(Place, Place),
    /// What was asked for is an object of the file that the pickle is in.
    Persistent(Place),
}

/// All values of a pickle.
#[derive(Debug)]
pub struct Values {
    values: Vec<Value>,
    root: Place,
}

impl Values {
    /// What the pickle is of.
    pub fn root(&self) -> Place {
        self.root
    }

    /// The value at a place.
    pub fn get(&self, place: Place) -> &Value {
        &self.values[place.0]
    }

    /// A text.
    pub fn text(&self, place: Place) -> Option<&str> {
        match self.get(place) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number that is not below zero.
    pub fn size(&self, place: Place) -> Option<u64> {
        match self.get(place) {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The parts of a tuple.
    pub fn tuple(&self, place: Place) -> Option<&[Place]> {
        match self.get(place) {
            Value::Tuple(parts) => Some(parts),
            _ => None,
        }
    }

    /// A name.
    pub fn name(&self, place: Place) -> Option<(&str, &str)> {
        match self.get(place) {
            Value::Name(module, name) => Some((module, name)),
            _ => None,
        }
    }
}

/// Reads a pickle of the protocols 2 to 5.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that begins with "its pickle".
pub fn read(bytes: &[u8]) -> Result<Values, String> {
    let mut machine = Machine {
        rest: bytes,
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    let root = machine.run()?;
    Ok(Values {
        values: machine.values,
        root,
    })
}

struct Machine<'a> {
    rest: &'a [u8],
    values: Vec<Value>,
    stack: Vec<Place>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Place>,
}

impl<'a> Machine<'a> {
    fn run(&mut self) -> Result<Place, String> {
        loop {
            match self.byte()? {
                // PROTO
                0x80 => match self.byte()? {
                    2..=5 => {}
                    other => return Err(format!("is of the protocol {other}")),
                },
                // FRAME: how long a stretch is, which nobody needs to know.
                0x95 => drop(self.take(8)?),
                // STOP
                b'.' => return self.pop(),
                // MARK
                b'(' => self.marks.push(self.stack.len()),
                // NONE, NEWTRUE, NEWFALSE
                b'N' => self.push(Value::None)?,
                0x88 => self.push(Value::Bool(true))?,
                0x89 => self.push(Value::Bool(false))?,
                // BININT, BININT1, BININT2, LONG1
                b'J' => {
                    let number = i32::from_le_bytes(self.array()?);
                    self.push(Value::Int(number.into()))?;
                }
                b'K' => {
                    let number = self.byte()?;
                    self.push(Value::Int(number.into()))?;
                }
                b'M' => {
                    let number = u16::from_le_bytes(self.array()?);
                    self.push(Value::Int(number.into()))?;
                }
                0x8a => self.long()?,
                // BINFLOAT, the other way round than all else.
                b'G' => {
                    let number = f64::from_be_bytes(self.array()?);
                    self.push(Value::Float(number))?;
                }
                // BINUNICODE, SHORT_BINUNICODE
                b'X' => {
                    let length = u32::from_le_bytes(self.array()?);
                    self.text(length as usize)?;
                }
                0x8c => {
                    let length = self.byte()?;
                    self.text(length.into())?;
                }
                // EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3, TUPLE
                b')' => self.push(Value::Tuple(Vec::new()))?,
                count @ 0x85..=0x87 => {
                    let parts = self.pop_many(usize::from(count - 0x84))?;
                    self.push(Value::Tuple(parts))?;
                }
                b't' => {
                    let parts = self.pop_to_mark()?;
                    self.push(Value::Tuple(parts))?;
                }
                // EMPTY_LIST, APPEND, APPENDS
                b']' => self.push(Value::List(Vec::new()))?,
                b'a' => {
                    let item = self.pop_many(1)?;
                    self.append(item)?;
                }
                b'e' => {
                    let items = self.pop_to_mark()?;
                    self.append(items)?;
                }
                // EMPTY_DICT, SETITEM, SETITEMS
                b'}' => self.push(Value::Dict(Vec::new()))?,
                b's' => {
                    let pair = self.pop_many(2)?;
                    self.set(&pair)?;
                }
                b'u' => {
                    let pairs = self.pop_to_mark()?;
                    self.set(&pairs)?;
                }
                // GLOBAL, STACK_GLOBAL
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.push(Value::Name(module, name))?;
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    match (&self.values[module.0], &self.values[name.0]) {
                        (Value::Text(module), Value::Text(name)) => {
                            let value = Value::Name(module.clone(), name.clone());
                            self.push(value)?;
                        }
                        _ => return Err("names something by what is no name".to_owned()),
                    }
                }
                // REDUCE
                b'R' => {
                    let (arguments, callable) = (self.pop()?, self.pop()?);
                    let value = self.call(callable, arguments)?;
                    self.push(value)?;
                }
                // BUILD: attributes of an object. Dictionaries of tensors have some, which no
                // tensor needs.
                b'b' => drop(self.pop()?),
                // BINPERSID
                b'Q' => {
                    let identity = self.pop()?;
                    self.push(Value::Persistent(identity))?;
                }
                // BINPUT, LONG_BINPUT, MEMOIZE
                b'q' => {
                    let key = self.byte()?;
                    self.remember(key.into())?;
                }
                b'r' => {
                    let key = u32::from_le_bytes(self.array()?);
                    self.remember(key)?;
                }
                0x94 => {
                    let key = self.memo.len() as u32;
                    self.remember(key)?;
                }
                // BINGET, LONG_BINGET
                b'h' => {
                    let key = self.byte()?;
                    self.recall(key.into())?;
                }
                b'j' => {
                    let key = u32::from_le_bytes(self.array()?);
                    self.recall(key)?;
                }
                other => {
                    return Err(format!(
                        "has the instruction {other:#04x}, which no dictionary of tensors needs"
                    ));
                }
            }
        }
    }

    /// A call as a value. The one that is made is that of an empty dictionary, which takes no
    /// arguments that matter.
    fn call(&self, callable: Place, arguments: Place) -> Result<Value, String> {
        match (&self.values[callable.0], &self.values[arguments.0]) {
            (Value::Name(module, name), Value::Tuple(parts)) => {
                match (&module[..], &name[..], &parts[..]) {
                    ("collections", "OrderedDict", []) => Ok(Value::Dict(Vec::new())),
                    _ => Ok(Value::Call(callable, arguments)),
                }
            }
            _ => Err("calls what is no function".to_owned()),
        }
    }

    fn byte(&mut self) -> Result<u8, String> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (&first, rest) = self.rest.split_first_chunk().ok_or("is cut off")?;
        self.rest = rest;
        Ok(first)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (first, rest) = self.rest.split_at_checked(length).ok_or("is cut off")?;
        self.rest = rest;
        Ok(first)
    }

    fn line(&mut self) -> Result<String, String> {
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let line = self.take(end.ok_or("is cut off")?)?;
        self.take(1)?;
        text(line)
    }

    fn text(&mut self, length: usize) -> Result<(), String> {
        let text = text(self.take(length)?)?;
        self.push(Value::Text(text))
    }

    fn long(&mut self) -> Result<(), String> {
        let length = self.byte()?;
        let bytes = self.take(length.into())?;
        let mut number = [0; 8];
        let Some(low) = number.get_mut(..bytes.len()) else {
            return Err("has a number of more than 64 bits".to_owned());
        };
        low.copy_from_slice(bytes);
        if bytes.last().is_some_and(|&last| last >= 0x80) {
            number[bytes.len()..].fill(0xff);
        }
        self.push(Value::Int(i64::from_le_bytes(number)))
    }

    fn push(&mut self, value: Value) -> Result<(), String> {
        if self.values.len() == MAX_VALUES {
            return Err(format!("has more than {MAX_VALUES} values"));
        }
        self.stack.push(Place(self.values.len()));
        self.values.push(value);
        Ok(())
    }

    /// The height that nothing above a mark may be taken below.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Place, String> {
        if self.stack.len() > self.floor() {
            Ok(self.stack.pop().expect("it is not empty"))
        } else {
            Err(TOO_LITTLE.to_owned())
        }
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Place>, String> {
        let height = self.stack.len().checked_sub(count);
        match height.filter(|&height| height >= self.floor()) {
            Some(height) => Ok(self.stack.split_off(height)),
            None => Err(TOO_LITTLE.to_owned()),
        }
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Place>, String> {
        let mark = self.marks.pop().ok_or(TOO_LITTLE)?;
        Ok(self.stack.split_off(mark))
    }

    fn top(&self) -> Result<Place, String> {
        if self.stack.len() > self.floor() {
            Ok(*self.stack.last().expect("it is not empty"))
        } else {
            Err(TOO_LITTLE.to_owned())
        }
    }

    fn append(&mut self, items: Vec<Place>) -> Result<(), String> {
        let list = self.top()?;
        match &mut self.values[list.0] {
            Value::List(list) => {
                list.extend(items);
                Ok(())
            }
            _ => Err("appends to what is no list".to_owned()),
        }
    }

    fn set(&mut self, pairs: &[Place]) -> Result<(), String> {
        let (pairs, rest) = pairs.as_chunks::<2>();
        let dict = self.top()?;
        match &mut self.values[dict.0] {
            Value::Dict(dict) if rest.is_empty() => {
                dict.extend(pairs.iter().map(|&[key, value]| (key, value)));
                Ok(())
            }
            _ => Err("sets items of what is no dictionary".to_owned()),
        }
    }

    fn remember(&mut self, key: u32) -> Result<(), String> {
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, key: u32) -> Result<(), String> {
        let place = self.memo.get(&key).ok_or("recalls what it never had")?;
        self.stack.push(*place);
        Ok(())
    }
}

const TOO_LITTLE: &str = "takes more than it has";

fn text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "has a text that is none".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_built() {
        // {"a": (1, -2, True), "b": [None, 300, "c"]} as `pickle.dumps(…, protocol=2)` has it.
        let bytes = b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01K\x01J\xfe\xff\xff\xff\x88\x87q\x02X\x01\x00\x00\x00bq\x03]q\x04(NM,\x01X\x01\x00\x00\x00cq\x05eu.";
        let values = read(bytes).unwrap();
        let Value::Dict(pairs) = values.get(values.root()) else {
            panic!("{values:?}");
        };
        assert_eq!(values.text(pairs[0].0), Some("a"));
        let tuple = values.tuple(pairs[0].1).unwrap();
        assert_eq!(values.size(tuple[0]), Some(1));
        assert_eq!(values.get(tuple[1]), &Value::Int(-2));
        assert_eq!(values.size(tuple[1]), None);
        assert_eq!(values.get(tuple[2]), &Value::Bool(true));
        let Value::List(list) = values.get(pairs[1].1) else {
            panic!("{values:?}");
        };
        assert_eq!(values.size(list[1]), Some(300));
    }

    #[test]
    fn nothing_is_run() {
        // os.system("true")
        let bytes = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.";
        let values = read(bytes).unwrap();
        let Value::Call(callable, arguments) = values.get(values.root()) else {
            panic!("{values:?}");
        };
        assert_eq!(values.name(*callable), Some(("os", "system")));
        assert_eq!(values.tuple(*arguments).unwrap().len(), 1);
        // INST, OBJ, NEWOBJ, EXT1 and the protocol 0 forms are not known.
        for opcode in [b'i', b'o', 0x81, 0x82, b'P', b'V', b'S', b'I'] {
            let sentence = read(&[0x80, 2, b'(', opcode, b'.']).unwrap_err();
            assert!(sentence.contains("instruction"), "{sentence}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (bytes, what) in [
            (&b""[..], "cut off"),
            (b"\x80\x09.", "protocol"),
            (b"\x80\x02.", "more than it has"),
            (b"\x80\x02(K\x01(s.", "more than it has"),
            (b"\x80\x02h\x05.", "never had"),
            (b"\x80\x02K\x01K\x01a.", "no list"),
            (b"\x80\x02K\x01(K\x01u.", "no dictionary"),
            (b"\x80\x02}(K\x01u.", "no dictionary"),
            (b"\x80\x02X\xff\xff\xff\xff", "cut off"),
            (b"\x80\x02\x8a\x09123456789.", "64 bits"),
            (b"\x80\x02K\x01)R.", "no function"),
            (b"\x80\x02K\x01K\x01\x93.", "no name"),
        ] {
            let sentence = read(bytes).unwrap_err();
            assert!(sentence.contains(what), "{sentence}");
        }
        assert_eq!(
            read(b"\x80\x02\x8a\x02\xfe\xff.").unwrap().values[0],
            Value::Int(-2)
        );
    }

    #[test]
    fn neither_nesting_nor_repetition_costs_more_than_its_bytes() {
        // A tuple of a tuple of a tuple, a million deep; and a tuple of two of a tuple of two of …
        let mut deep = b"\x80\x02)".to_vec();
        deep.resize(deep.len() + 1_000_000, 0x85);
        deep.push(b'.');
        assert_eq!(read(&deep).unwrap().values.len(), 1_000_001);
        let mut wide = b"\x80\x02)".to_vec();
        for _ in 0..100_000 {
            wide.extend(b"q\x00h\x00\x86");
        }
        wide.push(b'.');
        assert_eq!(read(&wide).unwrap().values.len(), 100_001);
        let many = vec![b'N'; MAX_VALUES + 1];
        assert!(read(&many).unwrap_err().contains("more than"));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_instructions_are_too_much(
            bytes in prop::collection::vec(prop::sample::select(&b"\x80\x02()]}.NKJMXcRQbqrhjtuase\x85\x86\x87\x88\x8a\x8c\x93\x94\n\x00\x01"[..]), 0..300),
        ) {
            let _ = read(&bytes);
        }
    }
}
