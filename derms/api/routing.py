"""The router of DERMS's part: operations of one address have to be on one router, whichever module they are in."""

from ninja import Router

router = Router()
