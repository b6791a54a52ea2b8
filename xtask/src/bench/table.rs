//! A table of text, for a terminal or as Markdown.

/// Rows of equally many cells, the first of which are the headings.
pub struct Table(Vec<Vec<String>>);

impl Table {
    /// A table of these headings.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self(vec![headings.map(str::to_owned).to_vec()])
    }

    /// Adds a row.
    pub fn add<const N: usize>(&mut self, row: [String; N]) {
        assert_eq!(N, self.0[0].len(), "a row has a cell for each heading");
        self.0.push(row.to_vec());
    }

    /// Whether there is nothing below the headings.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    /// In columns: words to the left, numbers to the right.
    pub fn text(&self) -> String {
        self.lines("  ", "", |width| "-".repeat(width))
    }

    /// For a document.
    pub fn markdown(&self) -> String {
        self.lines(" | ", "| ", |width| "-".repeat(width.max(3)))
    }

    fn lines(&self, between: &str, before: &str, rule: impl Fn(usize) -> String) -> String {
        let columns = self.0[0].len();
        let width = |column: usize| {
            let cells = self.0.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0).max(3)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let is_number = |column: usize| {
            self.0[1..].iter().all(|row| {
                row[column].is_empty()
                    || row[column].starts_with(|first: char| first.is_ascii_digit())
            })
        };
        let line = |cells: Vec<String>| {
            let line = format!("{before}{}", cells.join(between));
            match before {
                "" => format!("{}\n", line.trim_end()),
                _ => format!("{line} |\n"),
            }
        };
        let mut lines = String::new();
        for (number, row) in self.0.iter().enumerate() {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                if is_number(column) {
                    format!("{cell:>0$}", widths[column])
                } else {
                    format!("{cell:<0$}", widths[column])
                }
            });
            lines += &line(cells.collect());
            if number == 0 {
                let rules = (0..columns).map(|column| match (before, is_number(column)) {
                    ("", _) | (_, false) => rule(widths[column]),
                    (_, true) => format!("{}:", rule(widths[column] - 1)),
                });
                lines += &line(rules.collect());
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    fn table() -> Table {
        let mut table = Table::new(["figure", "ms"]);
        table.add(["one".to_owned(), "12.5".to_owned()]);
        table.add(["twelve".to_owned(), "3".to_owned()]);
        table
    }

    #[test]
    fn columns_line_up() {
        assert_eq!(
            table().text(),
            "figure    ms\n------  ----\none     12.5\ntwelve     3\n"
        );
    }

    #[test]
    fn markdown_says_which_way_columns_line_up() {
        assert_eq!(
            table().markdown(),
            "| figure |   ms |\n| ------ | ---: |\n| one    | 12.5 |\n| twelve |    3 |\n"
        );
    }
}
