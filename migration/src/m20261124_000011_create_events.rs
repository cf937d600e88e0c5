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
        manager
            .create_index(
                Index::create()
                    .name("idx_events_user_id_at")
                    .table(Events::Table)
                    .col(Events::UserId)
                    .col(Events::At)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("idx_events_at").table(Events::Table).col(Events::At).to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Events::Table).to_owned()).await
    }
}
