import { fill } from "../protected.js";

await fill("/api/companies", ({ name, fullAddress }) => [name, fullAddress]);
