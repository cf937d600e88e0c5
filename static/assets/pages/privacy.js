import { fill } from "../protected.js";

await fill("/api/companies/privacy", ({ type, value }) => [type, value]);
