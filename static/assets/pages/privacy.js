import { fill } from "/assets/table.js";

await fill("/api/companies/privacy", ({ type, value }) => [type, value]);
