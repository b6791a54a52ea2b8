//! A writer of GGUF files, for files that no tool would write.

/// Value types of the format.
pub const U32: u32 = 4;
pub const F32: u32 = 6;
pub const BOOL: u32 = 7;
pub const STRING: u32 = 8;
pub const ARRAY: u32 = 9;

/// A file's metadata and tensors, in the order in which they are written.
#[derive(Clone)]
pub struct File {
    pub version: u32,
    /// Key, value type, the value's bytes.
    pub keys: Vec<(String, u32, Vec<u8>)>,
    pub tensors: Vec<Tensor>,
    pub data: Vec<u8>,
    /// What the header says of the numbers of tensors and keys, if it is not the truth.
    pub counts: Option<(u64, u64)>,
}

/// A tensor's entry: dimensions innermost first, as the format has them.
#[derive(Clone)]
pub struct Tensor {
    pub name: String,
    pub dims: Vec<u64>,
    pub type_id: u32,
    pub offset: u64,
}

impl File {
    pub fn new() -> Self {
        Self {
            version: 3,
            keys: Vec::new(),
            tensors: Vec::new(),
            data: Vec::new(),
            counts: None,
        }
    }

    /// Adds a key, or gives it another value.
    pub fn set(&mut self, key: &str, value_type: u32, value: Vec<u8>) {
        self.remove(key);
        self.keys.push((key.to_owned(), value_type, value));
    }

    pub fn set_u32(&mut self, key: &str, value: u32) {
        self.set(key, U32, value.to_le_bytes().to_vec());
    }

    pub fn set_f32(&mut self, key: &str, value: f32) {
        self.set(key, F32, value.to_le_bytes().to_vec());
    }

    pub fn set_string(&mut self, key: &str, value: &str) {
        self.set(key, STRING, string(value));
    }

    pub fn set_strings<'a>(&mut self, key: &str, values: impl ExactSizeIterator<Item = &'a str>) {
        let mut bytes = STRING.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        bytes.extend(values.flat_map(string));
        self.set(key, ARRAY, bytes);
    }

    pub fn remove(&mut self, key: &str) {
        self.keys.retain(|(name, ..)| name != key);
    }

    /// The entry of a tensor that is there.
    pub fn tensor(&mut self, name: &str) -> &mut Tensor {
        self.tensors
            .iter_mut()
            .find(|tensor| tensor.name == name)
            .unwrap_or_else(|| panic!("no tensor {name}"))
    }

    pub fn write(&self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(self.version.to_le_bytes());
        let (tensors, keys) = self
            .counts
            .unwrap_or((self.tensors.len() as u64, self.keys.len() as u64));
        bytes.extend(tensors.to_le_bytes());
        bytes.extend(keys.to_le_bytes());
        for (key, value_type, value) in &self.keys {
            bytes.extend(string(key));
            bytes.extend(value_type.to_le_bytes());
            bytes.extend(value);
        }
        for tensor in &self.tensors {
            bytes.extend(string(&tensor.name));
            bytes.extend((tensor.dims.len() as u32).to_le_bytes());
            tensor
                .dims
                .iter()
                .for_each(|dim| bytes.extend(dim.to_le_bytes()));
            bytes.extend(tensor.type_id.to_le_bytes());
            bytes.extend(tensor.offset.to_le_bytes());
        }
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend(&self.data);
        bytes
    }

    /// Takes apart a well-formed file of the default alignment.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut reader = Reader { bytes, at: 4 };
        let mut file = Self::new();
        file.version = reader.u32();
        let (tensors, keys) = (reader.u64(), reader.u64());
        for _ in 0..keys {
            let key = reader.string();
            let value_type = reader.u32();
            let start = reader.at;
            reader.skip_value(value_type);
            file.keys
                .push((key, value_type, bytes[start..reader.at].to_vec()));
        }
        for _ in 0..tensors {
            let name = reader.string();
            let dimensions = reader.u32();
            file.tensors.push(Tensor {
                name,
                dims: (0..dimensions).map(|_| reader.u64()).collect(),
                type_id: reader.u32(),
                offset: reader.u64(),
            });
        }
        file.data = bytes[reader.at.next_multiple_of(32)..].to_vec();
        file
    }
}

/// A string as the format has it: its length, then its bytes.
pub fn string(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        self.at += N;
        self.bytes[self.at - N..self.at].try_into().unwrap()
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn string(&mut self) -> String {
        let length = self.u64() as usize;
        self.at += length;
        String::from_utf8(self.bytes[self.at - length..self.at].to_vec()).unwrap()
    }

    fn skip_value(&mut self, value_type: u32) {
        match value_type {
            STRING => drop(self.string()),
            ARRAY => {
                let element_type = self.u32();
                for _ in 0..self.u64() {
                    self.skip_value(element_type);
                }
            }
            0 | 1 | BOOL => self.at += 1,
            2 | 3 => self.at += 2,
            U32 | 5 | F32 => self.at += 4,
            10..=12 => self.at += 8,
            other => panic!("value type {other}"),
        }
    }
}
