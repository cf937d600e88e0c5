import { fill } from "/assets/table.js";

await fill("/api/companies", ({ name, fullAddress }) => [name, fullAddress]);
