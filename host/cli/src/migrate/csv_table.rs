//! A table out of a CSV file whose first line names the columns, as the tools of every database export one.

use super::table::Row;

/// How exports write `NULL`; an empty field is one too.
const NULLS: [&str; 4] = ["", "NULL", "null", "\\N"];

/// The rows; `None` if the first line does not name this column.
pub(super) fn read(text: &str, column: &str) -> Result<Option<Vec<Row>>, csv::Error> {
    let separator =
        if text.lines().next().is_some_and(|line| line.contains(';') && !line.contains(',')) { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers()?.iter().map(|name| name.trim().to_owned()).collect();
    if !names.iter().any(|name| name.eq_ignore_ascii_case(column)) {
        return Ok(None);
    }
    let rows = reader.records().map(|record| {
        let record = record?;
        let values = record.iter().map(|value| (!NULLS.contains(&value)).then(|| value.to_owned()));
        Ok(Row::new(names.iter().cloned().zip(values)))
    });
    rows.collect::<Result<_, _>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_columns_in_any_case() {
        for text in [
            "id,consumer_key,app_name\n1,key1,\"a, \"\"b\"\"\"\n2,key2,NULL\n",
            "\"ID\";\"CONSUMER_KEY\";\"APP_NAME\"\n1;key1;\"a, \"\"b\"\"\"\n2;key2;\n",
        ] {
            let rows = read(text, "CONSUMER_KEY").unwrap().unwrap();
            let shown: Vec<_> = rows.iter().map(|row| (row.get("CONSUMER_KEY"), row.get("APP_NAME"))).collect();
            assert_eq!(shown, [("key1", "a, \"b\""), ("key2", "")]);
        }
    }

    #[test]
    fn another_table_and_a_broken_file_are_told_apart() {
        assert!(read("id,name\n1,x\n", "CONSUMER_KEY").unwrap().is_none());
        assert!(read("consumer_key,x\n1\n", "CONSUMER_KEY").is_err());
    }
}
