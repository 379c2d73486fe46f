/**
 * Lets an addon that keeps references to strings be built for Node-API 9 with node-addon-api 8. Below Node-API 10 only
 * objects, functions and symbols can be referenced, so `Reference<T>` boxes strings and untyped values in an array of one.
 * Changing the version number alone compiles, and aborts when the addon is loaded.
 */
import { readFile, writeFile } from 'node:fs/promises';

const DETAILS = `namespace details {
template <typename T> inline constexpr bool kBoxedRef = std::is_same_v<T, Napi::String> || std::is_same_v<T, Napi::Value>;
inline napi_status BoxRef(napi_env env, napi_value v, napi_value* out) {
  napi_status st = napi_create_array_with_length(env, 1, out);
  return st != napi_ok ? st : napi_set_element(env, *out, 0, v);
}
}  // namespace details

`;

/** [what is looked for, what takes its place] */
const EDITS = [
  [
    `template <typename T>
inline Reference<T> Reference<T>::New(const T& value,`,
    `${DETAILS}template <typename T>
inline Reference<T> Reference<T>::New(const T& value,`,
  ],
  [
    `  napi_ref ref;
  napi_status status = napi_create_reference(env, value, initialRefcount, &ref);
  NAPI_THROW_IF_FAILED(env, status, Reference<T>());

  return Reference<T>(env, ref);`,
    `  napi_ref ref;
  napi_status status = napi_ok;
  if constexpr (details::kBoxedRef<T>) { napi_value box; status = details::BoxRef(env, val, &box); val = box; }
  if (status == napi_ok) status = napi_create_reference(env, val, initialRefcount, &ref);
  NAPI_THROW_IF_FAILED(env, status, Reference<T>());

  return Reference<T>(env, ref);`,
  ],
  [
    /(inline T Reference<T>::Value\(\) const \{[\s\S]*?NAPI_THROW_IF_FAILED\(_env, status, T\(\)\);\n)/,
    '$1  if constexpr (details::kBoxedRef<T>) { if (value != nullptr) { status = napi_get_element(_env, value, 0, &value); NAPI_THROW_IF_FAILED(_env, status, T()); } }\n',
  ],
  [
    /(inline void Reference<T>::Reset\(const T& value, uint32_t refcount\) \{[\s\S]*?)napi_status status = napi_create_reference\(_env, value, refcount, &_ref\);/,
    `$1napi_status status = napi_ok;
    if constexpr (details::kBoxedRef<T>) { napi_value box; status = details::BoxRef(_env, val, &box); val = box; }
    if (status == napi_ok) status = napi_create_reference(_env, val, refcount, &_ref);`,
  ],
];

/**
 * Changes `napi-inl.h` in place; throws when it no longer looks as expected.
 * @param {string} file
 */
export async function patchNodeAddonApi(file) {
  let source = await readFile(file, 'utf8');
  for (const [from, to] of EDITS) {
    const next = source.replace(from, to);
    if (next === source) throw new Error(`node-addon-api has changed, not found: ${String(from).slice(0, 80)}`);
    source = next;
  }
  await writeFile(file, source);
}
