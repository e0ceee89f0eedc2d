"""People with one profile each, and teams that they join and leave."""

from datetime import date, datetime
from uuid import UUID, uuid5

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from tests.twins.service import Clock, Collection, Service

_SPACE = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


class PersonCreate(BaseModel):
    username: str = Field(min_length=1)
    birthday: date | None = None


class PersonUpdate(BaseModel):
    birthday: date | None = None


class Person(PersonCreate):
    id: UUID
    joined_at: datetime


class PersonProfile(BaseModel):
    bio: str
    links: list[str] = []


class TeamCreate(BaseModel):
    name: str
    purpose: str | None = None


class Team(TeamCreate):
    id: UUID
    created_at: datetime


class Envelope(BaseModel):
    people: list[Person]


class Error(BaseModel):
    detail: str


def build(clock: Clock) -> FastAPI:  # noqa: C901  one function an operation
    app = FastAPI(title="People and teams")
    people: dict[UUID, Person] = {}
    profiles: dict[UUID, PersonProfile] = {}
    teams: dict[UUID, Team] = {}
    members: dict[UUID, list[UUID]] = {}
    missing = {404: {"model": Error}}

    def make_id() -> UUID:
        return uuid5(_SPACE, clock.now().isoformat())

    def find_person(identity: UUID) -> Person:
        if identity not in people:
            raise HTTPException(404, "No such person")
        return people[identity]

    def find_team(identity: UUID) -> Team:
        if identity not in teams:
            raise HTTPException(404, "No such team")
        return teams[identity]

    @app.get("/people")
    async def list_people() -> Envelope:
        """People, the newest first."""
        return Envelope(people=[*reversed(people.values())])

    @app.post("/people", status_code=201, responses={409: {"model": Error, "description": "The username is taken"}})
    async def create_person(body: PersonCreate) -> Person:
        if any(person.username == body.username for person in people.values()):
            raise HTTPException(409, "The username is taken")
        made = Person(id=make_id(), joined_at=clock.now(), **body.model_dump())
        people[made.id] = made
        return made

    @app.get("/people/{person_id}", responses=missing)
    async def get_person(person_id: UUID) -> Person:
        return find_person(person_id)

    @app.patch("/people/{person_id}", responses=missing)
    async def update_person(person_id: UUID, body: PersonUpdate) -> Person:
        people[person_id] = find_person(person_id).model_copy(update=body.model_dump(exclude_unset=True))
        return people[person_id]

    @app.delete("/people/{person_id}", status_code=204, responses=missing)
    async def delete_person(person_id: UUID) -> None:
        del people[find_person(person_id).id]
        profiles.pop(person_id, None)
        for joined in members.values():
            if person_id in joined:
                joined.remove(person_id)

    @app.put("/people/{person_id}/profile", responses=missing)
    async def put_profile(person_id: UUID, body: PersonProfile) -> PersonProfile:
        profiles[find_person(person_id).id] = body
        return body

    @app.get("/teams")
    async def list_teams(name: str | None = None) -> list[Team]:
        """Teams, the newest first."""
        return [team for team in reversed(teams.values()) if name in {None, team.name}]

    @app.post("/teams", status_code=201)
    async def create_team(body: TeamCreate) -> Team:
        made = Team(id=make_id(), created_at=clock.now(), **body.model_dump())
        teams[made.id], members[made.id] = made, []
        return made

    @app.get("/teams/{team_id}", responses=missing)
    async def get_team(team_id: UUID) -> Team:
        return find_team(team_id)

    @app.delete("/teams/{team_id}", status_code=204, responses=missing)
    async def delete_team(team_id: UUID) -> None:
        del teams[find_team(team_id).id], members[team_id]

    @app.get("/teams/{team_id}/members", responses=missing)
    async def list_members(team_id: UUID) -> list[Person]:
        find_team(team_id)
        return [people[identity] for identity in reversed(members[team_id])]

    @app.put("/teams/{team_id}/members/{person_id}", status_code=204, responses=missing)
    async def add_member(team_id: UUID, person_id: UUID) -> None:
        find_team(team_id)
        find_person(person_id)
        if person_id not in members[team_id]:
            members[team_id].append(person_id)

    @app.delete("/teams/{team_id}/members/{person_id}", status_code=204, responses=missing)
    async def remove_member(team_id: UUID, person_id: UUID) -> None:
        find_team(team_id)
        if person_id not in members[team_id]:
            raise HTTPException(404, "Not a member")
        members[team_id].remove(person_id)

    return app


SERVICE = Service(
    name="teams",
    build=build,
    collections=(
        Collection("/people", "person_id", rows="people"),
        Collection("/teams", "team_id"),
    ),
    values={"username": [f"user{number}" for number in range(12)], "links": [[], ["https://example.com/a"]]},
)
