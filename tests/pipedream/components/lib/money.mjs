// What several components share.
export const format = (amount, currency) => new Intl.NumberFormat("en-US", { style: "currency", currency }).format(amount);
