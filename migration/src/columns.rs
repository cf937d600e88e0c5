//! The few column kinds that the tables are made of.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// A new table; on MariaDB with a collation that tells `é` from `e` and `A` from `a`.
pub(crate) fn table(manager: &SchemaManager, name: impl IntoTableRef) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    if manager.get_database_backend() == DbBackend::MySql {
        table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin").if_not_exists();
    }
    table
}

/// Makes the index `idx_<table>_<columns>`.
///
/// Like [`table`] it does nothing on MariaDB where there is one already: no transaction holds changes of the schema
/// together there, so a start that was killed half-way is made good by the next.
pub(crate) async fn index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let name = format!("idx_{table}_{}", columns.join("_"));
    if manager.get_database_backend() == DbBackend::MySql && manager.has_index(table, &name).await? {
        return Ok(());
    }
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}

/// Adds `column` to `table`; like [`table`] it does nothing on MariaDB where it is there already.
pub(crate) async fn add(
    manager: &SchemaManager<'_>,
    table: &'static str,
    mut column: ColumnDef,
) -> Result<(), DbErr> {
    let name = column.get_column_name();
    if manager.get_database_backend() == DbBackend::MySql && manager.has_column(table, name).await? {
        return Ok(());
    }
    manager.alter_table(Table::alter().table(table).add_column(&mut column).to_owned()).await
}

pub(crate) fn uuid(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().to_owned()
}

pub(crate) fn string(name: impl IntoIden, length: u32) -> ColumnDef {
    ColumnDef::new(name).string_len(length).not_null().to_owned()
}

pub(crate) fn text(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).text().not_null().to_owned()
}

pub(crate) fn boolean(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().to_owned()
}

pub(crate) fn integer(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).integer().not_null().to_owned()
}

/// An instant: epoch milliseconds.
pub(crate) fn millis(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().to_owned()
}

/// 32 bytes.
pub(crate) fn digest(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).var_binary(32).not_null().to_owned()
}

/// Up to 64 KiB.
pub(crate) fn blob(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).blob().not_null().to_owned()
}

pub(crate) fn nullable(mut column: ColumnDef) -> ColumnDef {
    column.null().to_owned()
}

pub(crate) fn primary(mut column: ColumnDef) -> ColumnDef {
    column.primary_key().to_owned()
}

pub(crate) fn unique(mut column: ColumnDef) -> ColumnDef {
    column.unique_key().to_owned()
}
