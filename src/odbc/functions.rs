// The functions of ODBC that this library exports: exactly the names that Microsoft's ODBC Driver 18.6
// exports (`nm -D --defined-only`), no more. With an ANSI name beside them, calls of ANSI hosts would not pass
// the W intercepts, and `SQLErrorW` would make unixODBC prefer it to SQLGetDiagRecW.
//
// This file is data: `table.rs` turns it into exports, `tests/exports.rs` into a list of names.
//
// A `forward` row is one indirect jump to the target driver. In parentheses stands what the first argument
// is, which says where the IM001 record goes when the target driver lacks the function; `else` names what
// answers in its place then, where unixODBC would have had something better than an error.
//
// An `intercept` row runs our body, which may call the target driver's function of the same name. Its second
// half says who answers when the handle is a placeholder because no target driver could be loaded.
functions! {
    forward {
        SQLBindCol(Stmt);
        SQLBindParameter(Stmt);
        SQLBulkOperations(Stmt);
        SQLCancel(Stmt);
        SQLCloseCursor(Stmt);
        SQLColAttributeW(Stmt);
        SQLColumnPrivilegesW(Stmt);
        SQLColumnsW(Stmt);
        SQLCopyDesc(Desc);
        SQLDescribeColW(Stmt);
        SQLDescribeParam(Stmt);
        SQLExecDirectW(Stmt);
        SQLExecute(Stmt);
        SQLExtendedFetch(Stmt);
        SQLFetch(Stmt);
        SQLFetchScroll(Stmt);
        SQLForeignKeysW(Stmt);
        SQLFreeStmt(Stmt);
        SQLGetCursorNameW(Stmt);
        SQLGetData(Stmt);
        SQLGetDescFieldW(Desc);
        SQLGetDescRecW(Desc);
        SQLGetStmtAttrW(Stmt);
        SQLGetTypeInfoW(Stmt);
        SQLMoreResults(Stmt);
        SQLNumParams(Stmt);
        SQLNumResultCols(Stmt);
        SQLParamData(Stmt);
        SQLParamOptions(Stmt);
        SQLPrepareW(Stmt);
        SQLPrimaryKeysW(Stmt);
        SQLProcedureColumnsW(Stmt);
        SQLProceduresW(Stmt);
        SQLPutData(Stmt);
        SQLRowCount(Stmt);
        SQLSetCursorNameW(Stmt);
        SQLSetDescFieldW(Desc);
        SQLSetDescRec(Desc);
        SQLSetPos(Stmt);
        SQLSetScrollOptions(Stmt);
        SQLSetStmtAttrW(Stmt);
        SQLSpecialColumnsW(Stmt);
        SQLStatisticsW(Stmt);
        SQLTablePrivilegesW(Stmt);
        SQLTablesW(Stmt);

        ConfigDSNW(Installer) else installer::config_dsn;
        ConfigDriverW(Installer) else installer::config_driver;

        bcp_batch(BulkCopyRows);
        bcp_bind(BulkCopy);
        bcp_colfmt(BulkCopy);
        bcp_collen(BulkCopy);
        bcp_colptr(BulkCopy);
        bcp_columns(BulkCopy);
        bcp_control(BulkCopy);
        bcp_done(BulkCopyRows);
        bcp_exec(BulkCopy);
        bcp_getcolfmt(BulkCopy);
        bcp_gettypenameA(BulkCopy);
        bcp_initA(BulkCopy);
        bcp_initW(BulkCopy);
        bcp_moretext(BulkCopy);
        bcp_readfmtA(BulkCopy);
        bcp_readfmtW(BulkCopy);
        bcp_sendrow(BulkCopy);
        bcp_sendtdsdata(BulkCopy);
        bcp_setbulkmode(BulkCopy);
        bcp_setcolfmt(BulkCopy);
        bcp_writefmtA(BulkCopy);
        bcp_writefmtW(BulkCopy);
    }

    intercept {
        SQLAllocHandle(Typed; handle_type: i16, input: Handle, output: *mut Handle)
            => handles::alloc_handle, placeholder alloc_handle(input, handle_type, output);
        SQLFreeHandle(Typed; handle_type: i16, handle: Handle)
            => handles::free_handle, placeholder free_handle(handle, handle_type);
        SQLSetEnvAttr(Env; henv: HEnv, attribute: i32, value: Pointer, length: i32)
            => environment::set_env_attr, placeholder set_env_attr(henv, attribute, value);
        SQLGetEnvAttr(Env; henv: HEnv, attribute: i32, value: Pointer, capacity: i32, length: *mut i32)
            => environment::get_env_attr, placeholder get_env_attr(henv, attribute, value, length);

        SQLConnectW(Dbc; hdbc: HDbc, dsn: *const WChar, dsn_length: i16, user: *const WChar, user_length: i16,
            password: *const WChar, password_length: i16)
            => connect::connect, placeholder connect(hdbc);
        SQLDriverConnectW(Dbc; hdbc: HDbc, window: Pointer, input: *const WChar, input_length: i16,
            output: *mut WChar, output_capacity: i16, output_length: *mut i16, completion: u16)
            => connect::driver_connect, placeholder connect(hdbc);
        SQLBrowseConnectW(Dbc; hdbc: HDbc, input: *const WChar, input_length: i16, output: *mut WChar,
            output_capacity: i16, output_length: *mut i16)
            => connect::browse_connect, placeholder connect(hdbc);
        SQLDisconnect(Dbc; hdbc: HDbc)
            => connect::disconnect, placeholder not_connected(hdbc);

        SQLSetConnectAttr(Dbc; hdbc: HDbc, attribute: i32, value: Pointer, length: i32)
            => attributes::set_connect_attr, placeholder accept(hdbc);
        SQLSetConnectAttrW(Dbc; hdbc: HDbc, attribute: i32, value: Pointer, length: i32)
            => attributes::set_connect_attr_w, placeholder accept(hdbc);
        SQLGetConnectAttrW(Dbc; hdbc: HDbc, attribute: i32, value: Pointer, capacity: i32, length: *mut i32)
            => attributes::get_connect_attr, placeholder not_connected(hdbc);
        SQLSetConnectOptionW(Dbc; hdbc: HDbc, option: u16, value: ULen)
            => attributes::set_connect_option, placeholder accept(hdbc), else unsupported::set_connect_option;
        SQLGetConnectOptionW(Dbc; hdbc: HDbc, option: u16, value: Pointer)
            => attributes::get_connect_option, placeholder not_connected(hdbc), else unsupported::get_connect_option;

        SQLGetDiagRecW(Typed; handle_type: i16, handle: Handle, number: i16, state: *mut WChar, native: *mut i32,
            message: *mut WChar, capacity: i16, length: *mut i16)
            => diagnostics::get_diag_rec,
            placeholder get_diag_rec(handle, number, state, native, message, capacity, length);
        SQLGetDiagFieldW(Typed; handle_type: i16, handle: Handle, number: i16, field: i16, value: Pointer,
            capacity: i16, length: *mut i16)
            => diagnostics::get_diag_field, placeholder get_diag_field(handle, number, field, value, capacity, length);

        // Only so that our own records on the connection are cleared, as any call on a handle does.
        SQLGetInfoW(Dbc; hdbc: HDbc, info: u16, value: Pointer, capacity: i16, length: *mut i16)
            => connection::get_info, placeholder not_connected(hdbc);
        SQLGetFunctions(Dbc; hdbc: HDbc, function: u16, supported: *mut u16)
            => connection::get_functions, placeholder not_connected(hdbc), else unsupported::get_functions;
        SQLNativeSqlW(Dbc; hdbc: HDbc, input: *const WChar, input_length: i32, output: *mut WChar,
            output_capacity: i32, output_length: *mut i32)
            => connection::native_sql, placeholder not_connected(hdbc);
        SQLEndTran(Typed; handle_type: i16, handle: Handle, completion: i16)
            => connection::end_tran, placeholder not_connected(handle);
        SQLCancelHandle(Typed; handle_type: i16, handle: Handle)
            => connection::cancel_handle, placeholder not_connected(handle);
    }
}
