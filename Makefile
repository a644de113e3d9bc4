# Every command makes the environments it needs below .venvs/. PYTHON is any Python of 3.9 or newer.
PYTHON ?= python3
run = python=$$($(PYTHON) -m tools.environments $(1)) && "$$python" -m

.PHONY: demo test test-gui bench assets assets-diff lint build release docs sample pictures screenshots

demo: ## PHOTO=path for your own photo, DEPTH=path for a depth map in the model's place; writes build/demo/
	$(call run,bpy-4.5) tools.demo $(if $(PHOTO),--photo "$(PHOTO)") $(if $(DEPTH),--depth "$(DEPTH)")

test: ## ONLY="lint bpy-4.5" for some environments, ONLY=setup for the installation of a real engine
	$(PYTHON) -m tools.test $(ONLY)

test-gui: ## every way in, in Blender's real window: as root on Debian; ONLY="add_menu" for some scenes
	$(PYTHON) -m tests.gui $(ONLY)

bench: ## the tables of docs/benchmarks.md; ONLY="model" for some, ONLY=gpu for a graphics card, with BUILD=xpu if it is Intel's
	$(PYTHON) -m tools.bench $(ONLY) $(if $(BUILD),--torch $(BUILD))

assets: ## assets/depth_nodes.blend from node_groups/
	$(call run,bpy-4.5) node_groups.build

assets-diff: ## what changed in the groups; FROM=revision TO=revision, without them HEAD and the file as it is
	@$(call run,bpy-4.5) node_groups.diff $(FROM) $(TO)

lint: ## formats, then checks
	$(call run,lint) ruff format .
	$(call run,lint) ruff check --fix .
	$(PYTHON) -m tools.test lint

build: ## the extension's zip, in build/
	$(call run,bpy-4.5) tools.package

release: ## cuts, tags and packs a release, and pushes nothing; VERSION=1.0.0 for another than the manifest's
	$(call run,bpy-4.5) tools.release $(VERSION)

docs: ## the site, in build/site; fails on a broken link
	$(PYTHON) -m tools.docs

sample: ## the still life and its depth, about three minutes on two cores
	$(call run,bpy-4.5) tools.sample_scene

pictures: ## renders the pictures of the README and the documentation, in docs/
	$(call run,bpy-4.5) tools.readme_pictures
	$(call run,bpy-4.5) tools.pipeline_pictures

screenshots: ## their pictures of Blender's window, in docs/, from what test-gui left
	$(call run,inference) tests.gui.screenshots
