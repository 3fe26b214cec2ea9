"""Users, in FastAPI and SQLAlchemy."""

import base64
import json
import uuid
from typing import List, Optional

from common import create_app, entity_tag, now_ms, run, timestamp
from fastapi import Depends, HTTPException, Query, Response
from sqlalchemy import Column, Integer, String, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlite_database import Base, get_db
from user_models import UserCreate, UserResponse, UserUpdate


class User(Base):
    __tablename__ = "users"
    id = Column(String, primary_key=True)
    name = Column(String, nullable=False)
    email = Column(String, nullable=False, unique=True)
    created_at = Column(Integer, nullable=False)
    updated_at = Column(Integer, nullable=False)


app = create_app("user-service")


def to_response(user: User) -> UserResponse:
    return UserResponse(
        id=user.id,
        name=user.name,
        email=user.email,
        created_at=timestamp(user.created_at),
        updated_at=timestamp(user.updated_at),
    )


@app.get("/users/{user_id}", response_model=UserResponse)
def get_user(user_id: uuid.UUID, response: Response, db: Session = Depends(get_db)):
    user = db.query(User).filter(User.id == str(user_id)).first()
    if user is None:
        raise HTTPException(404, "User not found")
    response.headers["etag"] = entity_tag(user.updated_at)
    return to_response(user)


@app.get("/users", response_model=List[UserResponse])
def list_users(
    response: Response,
    limit: int = Query(default=100, ge=1, le=1000),
    after: Optional[str] = None,
    db: Session = Depends(get_db),
):
    query = db.query(User)
    if after is not None:
        name, id = json.loads(base64.urlsafe_b64decode(after))
        query = query.filter(tuple_(User.name, User.id) > tuple_(name, id))
    rows = query.order_by(User.name, User.id).limit(limit + 1).all()
    users = rows[:limit]
    if len(rows) > limit:
        last = json.dumps([users[-1].name, users[-1].id]).encode()
        cursor = base64.urlsafe_b64encode(last).decode()
        response.headers["link"] = f'</users?limit={limit}&after={cursor}>; rel="next"'
    return [to_response(user) for user in users]


@app.post("/users", response_model=UserResponse, status_code=201)
def create_user(body: UserCreate, response: Response, db: Session = Depends(get_db)):
    now = now_ms()
    user = User(
        id=str(uuid.uuid4()), name=body.name, email=body.email, created_at=now, updated_at=now
    )
    created = to_response(user)
    db.add(user)
    commit(db)
    response.headers["location"] = f"/users/{created.id}"
    response.headers["etag"] = entity_tag(now)
    return created


@app.patch("/users/{user_id}", response_model=UserResponse)
def update_user(
    user_id: uuid.UUID, body: UserUpdate, response: Response, db: Session = Depends(get_db)
):
    user = db.query(User).filter(User.id == str(user_id)).first()
    if user is None:
        raise HTTPException(404, "User not found")
    for name, value in body.dict(exclude_none=True).items():
        setattr(user, name, value)
    user.updated_at = max(now_ms(), user.updated_at + 1)
    changed = to_response(user)
    response.headers["etag"] = entity_tag(user.updated_at)
    commit(db)
    return changed


def commit(db: Session):
    try:
        db.commit()
    except IntegrityError:
        db.rollback()
        raise HTTPException(409, "Email already registered")


if __name__ == "__main__":
    run(app)
