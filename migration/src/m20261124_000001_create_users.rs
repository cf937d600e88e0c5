//! The table `users`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
    Email,
    EmailKey,
    PasswordHash,
    FirstName,
    LastName,
    Locale,
    Roles,
    EmailConfirmed,
    TwoFactorEnabled,
    PreferredProvider,
    PhoneNumber,
    PhoneConfirmed,
    DisabledAt,
    SecurityStamp,
    CreatedAt,
    UpdatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, Users::Table);
        table
            .col(columns::primary(columns::uuid(Users::Id)))
            .col(columns::string(Users::Email, 320))
            .col(columns::unique(columns::string(Users::EmailKey, 320)))
            .col(columns::string(Users::PasswordHash, 512))
            .col(columns::string(Users::FirstName, 255))
            .col(columns::string(Users::LastName, 255))
            .col(columns::nullable(columns::string(Users::Locale, 35)))
            .col(columns::string(Users::Roles, 1024))
            .col(columns::boolean(Users::EmailConfirmed))
            .col(columns::boolean(Users::TwoFactorEnabled))
            .col(columns::nullable(columns::string(Users::PreferredProvider, 64)))
            .col(columns::nullable(columns::string(Users::PhoneNumber, 16)))
            .col(columns::boolean(Users::PhoneConfirmed))
            .col(columns::nullable(columns::millis(Users::DisabledAt)))
            .col(columns::string(Users::SecurityStamp, 43))
            .col(columns::millis(Users::CreatedAt))
            .col(columns::millis(Users::UpdatedAt));
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Users::Table).to_owned()).await
    }
}
