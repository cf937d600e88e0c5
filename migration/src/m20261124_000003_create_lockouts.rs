//! The table `lockouts`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Lockouts {
    Table,
    Key,
    UserId,
    Failures,
    LockedUntil,
    UpdatedAt,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, Lockouts::Table);
        table
            .col(columns::primary(columns::string(Lockouts::Key, 64)))
            .col(columns::nullable(columns::uuid(Lockouts::UserId)))
            .col(columns::integer(Lockouts::Failures))
            .col(columns::nullable(columns::millis(Lockouts::LockedUntil)))
            .col(columns::millis(Lockouts::UpdatedAt))
            .foreign_key(
                ForeignKey::create()
                    .from(Lockouts::Table, Lockouts::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(table).await?;
        columns::index(manager, "lockouts", &["user_id"]).await?;
        columns::index(manager, "lockouts", &["updated_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Lockouts::Table).to_owned()).await
    }
}
