//! The table `events`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Events {
    Table,
    Id,
    UserId,
    At,
    Event,
    Address,
    Detail,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, Events::Table);
        table
            .col(columns::primary(columns::uuid(Events::Id)))
            .col(columns::uuid(Events::UserId))
            .col(columns::millis(Events::At))
            .col(columns::string(Events::Event, 64))
            .col(columns::string(Events::Address, 45))
            .col(columns::string(Events::Detail, 1024))
            .foreign_key(
                ForeignKey::create()
                    .from(Events::Table, Events::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(table).await?;
        columns::index(manager, "events", &["user_id", "at"]).await?;
        columns::index(manager, "events", &["at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Events::Table).to_owned()).await
    }
}
