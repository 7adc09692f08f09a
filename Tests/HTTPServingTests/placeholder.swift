// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
