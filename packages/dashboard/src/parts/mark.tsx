/** The sign of the page. */

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect className="ground" width="32" height="32" rx="7" />
      <path className="strap" d="M7.5 15.5C7.5 4 24.5 4 24.5 15.5" />
      <path className="bag" d="M6 13.5h20v10a3 3 0 0 1-3 3H9a3 3 0 0 1-3-3z" />
      <path className="flap" d="M6 13.5h20v4.2c0 2-3 3.3-5 3.3H11c-2 0-5-1.3-5-3.3z" />
      <rect className="clasp" x="14.4" y="18.6" width="3.2" height="4.6" rx="1" />
    </svg>
  );
}
